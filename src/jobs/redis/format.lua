-- Refuse where the store is of another version by now: somebody has brought it up. One that is gone, with all that was in it, is not.
local P <const>, call <const> = KEYS[1], redis.call
local FORMAT <const> = '2'
local format = call('GET', P .. ':format')
if format and format ~= FORMAT then
  return redis.error_reply('JOBSFORMAT ' .. format)
end
