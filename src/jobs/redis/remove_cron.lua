-- Forget a schedule: NAME. Answers 0, or 2 where there is none.
redis.call('ZREM', KEYS[1] .. ':crons', ARGV[1])
return redis.call('DEL', KEYS[1] .. ':cron:' .. ARGV[1]) == 1 and 0 or 2
