-- A schedule's time has come: NAME, DIGEST and NEXT that it is to have, LATER and LAST that it has then; then a job as enqueue.lua has it, or
-- none. Answers nothing at all where the schedule is another one, or somebody was faster.
-- include format.lua
local SCHEDULE <const> = 5

do
  local name, digest, next, later, last = unpack(ARGV, 1, SCHEDULE)
  local key = P .. ':cron:' .. name
  local found = call('HMGET', key, 'digest', 'next')
  if found[1] ~= digest or found[2] ~= next then
    return {}
  end
  -- Refused where memory is full, and then nothing has been done.
  call('HSET', key, 'next', later, 'last', last)
  call('ZADD', P .. ':crons', later, name)
  if #ARGV == SCHEDULE then
    return {1}
  end
end

local ARGV = {unpack(ARGV, SCHEDULE + 1)}
-- include enqueue.lua
