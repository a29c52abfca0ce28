-- See that the store is of this format, and begin it where there is none: FORMAT, "1" where it must be there. Answers its format, "" for none.
local key = KEYS[1] .. ':format'
local format = redis.call('GET', key)
if not format and ARGV[2] ~= '1' then
  redis.call('SET', key, ARGV[1])
  format = ARGV[1]
end
return format or ''
