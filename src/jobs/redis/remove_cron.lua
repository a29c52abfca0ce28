-- Forget a schedule: NAME, then TOKEN and so on as of act.lua. Answers 0, or 2 where there is none.
-- include format.lua
-- include once.lua
if is_done(ARGV[2], ARGV[3]) then
  return 0
end
call('ZREM', P .. ':crons', ARGV[1])
if call('DEL', P .. ':cron:' .. ARGV[1]) == 0 then
  return 2
end
note_done(ARGV[2], ARGV[4])
return 0
