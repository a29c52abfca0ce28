-- One job: ID.
-- include show.lua
return show(ARGV[1]) or false
