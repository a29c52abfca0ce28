-- Set how a queue is to be: QUEUE, "1" to pause, "0" to go on, "" neither; then its numbers, or none of them. 0 is the default.
-- include common.lua
local QUEUE = ARGV[1]
local key = P .. ':queue:' .. QUEUE

-- Who sets a queue as it was read names them.
local DEFAULTS = {period = '1000000', keep_done = '86400000000', keep_dead = '2592000000000'}

local function set(field, value)
  if value == '0' or value == DEFAULTS[field] then
    call('HDEL', key, field)
  else
    call('HSET', key, field, value)
  end
end

local function is_other(before, field, value)
  local default = DEFAULTS[field] or '0'
  return (before or default) ~= (value == '0' and default or value)
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
if ARGV[3] and (is_other(before[1], 'rate', ARGV[4]) or is_other(before[2], 'period', ARGV[5])) then
  call('HDEL', key, 'begun')
end
woken[QUEUE] = true
conclude()
return 0
