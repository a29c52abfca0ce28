module eddy/bench

go 1.23
