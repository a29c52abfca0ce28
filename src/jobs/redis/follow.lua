-- Have it told when a job is finished: ID. Answers a code.
-- include common.lua
local id = ARGV[1]
local job = read(id)
if not job then
  return NONE
end
if job[STATE] < DONE and not has(job, FOLLOWED) then
  set_flag(job, FOLLOWED)
  write(id, job)
  write_all()
end
return OK
