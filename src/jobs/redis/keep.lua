-- Keep scripts in the store, for programs that have none of their own: FORMAT, then NAME and TEXT of each.
local key = KEYS[1] .. ':scripts'
if redis.call('GET', KEYS[1] .. ':format') ~= ARGV[1] then
  return 0
end
for i = 2, #ARGV, 2 do
  if redis.call('HGET', key, ARGV[i]) ~= ARGV[i + 1] then
    -- A replica, or a server whose memory is full, refuses: no reason not to look at the jobs there.
    redis.pcall('HSET', key, ARGV[i], ARGV[i + 1])
  end
end
return 0
