-- Schedules: NAME, "" of all; "1": only those that are due, the longest ago first. Answers now, the soonest time that has not come or 0, and for
-- each its name, definition, digest, and when it is due next and was last.
-- include format.lua
local time = call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local names, soonest

if ARGV[2] == '1' then
  names = call('ZRANGEBYSCORE', P .. ':crons', '-inf', now)
  soonest = call('ZRANGEBYSCORE', P .. ':crons', '(' .. now, '+inf', 'LIMIT', 0, 1)[1]
else
  names = ARGV[1] ~= '' and {ARGV[1]} or call('ZRANGE', P .. ':crons', 0, -1)
end

local answer = {now, soonest and call('HGET', P .. ':cron:' .. soonest, 'next') or '0'}
for _, name in ipairs(names) do
  local found = call('HMGET', P .. ':cron:' .. name, 'definition', 'digest', 'next', 'last')
  if found[1] and (ARGV[1] == '' or ARGV[1] == name) then
    answer[#answer + 1] = name
    for _, value in ipairs(found) do
      answer[#answer + 1] = value
    end
  end
end
return answer
