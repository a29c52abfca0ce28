-- All queues, by name: for each its name, whether it is paused, its five numbers as they were set, jobs finished and attempts failed, the jobs
-- of each state, and for how long the oldest that is ready has been that.
-- include common.lua
local SETS = {':scheduled:', ':held:', ':ready:', ':running:', ':done:', ':dead:', ':cancelled:'}

-- Of each priority the first.
local function age_of(set)
  local oldest = now
  local first = call('ZRANGE', set, 0, 0, 'WITHSCORES')
  while first[2] do
    local job = read(first[1])
    oldest = math.min(oldest, tonumber(job and job[DUE] or now))
    first = call('ZRANGEBYSCORE', set, (math.floor(first[2] / BAND) + 1) * BAND, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  end
  return now - oldest
end

local names = call('SMEMBERS', P .. ':queues')
table.sort(names)
local answer = {}
for _, name in ipairs(names) do
  local row = {name}
  local fields = call('HMGET', P .. ':queue:' .. name, 'paused', 'most_running', 'rate', 'period', 'keep_done', 'keep_dead', 'finished', 'failed')
  for i = 1, #fields do
    row[#row + 1] = tonumber(fields[i] or 0)
  end
  for _, set in ipairs(SETS) do
    row[#row + 1] = call('ZCARD', P .. set .. name)
  end
  row[#row + 1] = age_of(P .. ':ready:' .. name)
  answer[#answer + 1] = row
end
return answer
