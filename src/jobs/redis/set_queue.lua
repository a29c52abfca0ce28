-- Set how a queue is to be: QUEUE, "1" to pause, "0" to go on, "" neither; then its numbers, or none of them. 0 is the default.
-- include common.lua
local QUEUE = ARGV[1]
local key = P .. ':queue:' .. QUEUE

local function set(field, value)
  if value == '0' then
    call('HDEL', key, field)
  else
    call('HSET', key, field, value)
  end
end

local before = call('HMGET', key, 'rate', 'period')
call('SADD', P .. ':queues', QUEUE)
if ARGV[2] ~= '' then
  set('paused', ARGV[2])
end
for i, field in ipairs({'most_running', 'rate', 'period', 'keep_done', 'keep_dead'}) do
  if ARGV[2 + i] then
    set(field, ARGV[2 + i])
  end
end
if ARGV[3] and ((before[1] or '0') ~= ARGV[4] or (before[2] or '0') ~= ARGV[5]) then
  call('HDEL', key, 'begun')
end
woken[QUEUE] = true
conclude()
return 0
