module eddy/bench

go 1.21
