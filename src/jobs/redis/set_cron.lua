-- Set a schedule: NAME, DEFINITION, DIGEST, NEXT, "1" where one that is there keeps when it is due. One of the same digest is left as it is.
-- include format.lua
local NAME, DEFINITION, DIGEST, NEXT, KEEPS = unpack(ARGV)
local key = P .. ':cron:' .. NAME
local before = call('HMGET', key, 'digest', 'next', 'last')

if before[1] == DIGEST then
  return 0
end
if before[1] and KEEPS == '1' then
  NEXT = before[2]
end
call('HSET', key, 'definition', DEFINITION, 'digest', DIGEST, 'next', NEXT, 'last', before[3] or '0')
call('ZADD', P .. ':crons', NEXT, NAME)
call('PUBLISH', P .. ':cron', NAME)
return 0
