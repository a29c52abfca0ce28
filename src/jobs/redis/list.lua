-- Jobs, newest first: QUEUE or "", KIND or "", how many, the number that the last page ended with or "", then the states. Answers the number
-- that this page ends with, "" where it is the last, and the jobs; fewer than asked for where many were of another kind.
-- include show.lua
local QUEUE_NAME, KIND_NAME, AFTER = ARGV[1], ARGV[2], ARGV[4]
local MOST = math.min(tonumber(ARGV[3]), 100)
local LOOKED_AT = KIND_NAME == '' and MOST or 500
local RUNNING_MOST <const> = 10000
local found = {}

local function kind_of(id)
  local job = read(id)
  local to = job and options_range(job) - 1
  return job and string.sub(job.texts, to - job[KIND_SIZE] + 1, to)
end

local function add(numbered)
  for i = 1, #numbered, 2 do
    found[#found + 1] = {numbered[i + 1] % BAND, numbered[i]}
  end
end

local function add_by_number(set)
  add(call('ZREVRANGEBYSCORE', set, AFTER == '' and '+inf' or '(' .. AFTER, '-inf', 'WITHSCORES', 'LIMIT', 0, LOOKED_AT + 1))
end

-- By priority, and of each by number.
local function add_ready(set)
  local first = call('ZRANGE', set, 0, 0, 'WITHSCORES')
  while first[2] do
    local base = math.floor(first[2] / BAND) * BAND
    local last = AFTER == '' and base + BAND or base + AFTER
    add(call('ZREVRANGEBYSCORE', set, string.format('(%.0f', last), base, 'WITHSCORES', 'LIMIT', 0, LOOKED_AT + 1))
    first = call('ZRANGEBYSCORE', set, base + BAND, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  end
end

-- By lease, and few.
local function add_running(set)
  for _, id in ipairs(call('ZRANGE', set, 0, RUNNING_MOST)) do
    local job = read(id)
    if job and (AFTER == '' or job[PLACE] % BAND < tonumber(AFTER)) then
      found[#found + 1] = {job[PLACE] % BAND, id}
    end
  end
end

local SETS = {['0'] = ':scheduled:', ['1'] = ':held:', ['2'] = ':ready:', ['3'] = ':running:', ['4'] = ':done:', ['5'] = ':dead:', ['6'] = ':cancelled:'}
local ADD = {['2'] = add_ready, ['3'] = add_running}

for _, queue in ipairs(QUEUE_NAME ~= '' and {QUEUE_NAME} or call('SMEMBERS', P .. ':queues')) do
  for i = 5, #ARGV do
    (ADD[ARGV[i]] or add_by_number)(P .. SETS[ARGV[i]] .. queue)
  end
end
table.sort(found, function(a, b) return a[1] > b[1] end)

local answer = {''}
for i = 1, math.min(#found, LOOKED_AT) do
  local number, id = unpack(found[i])
  if KIND_NAME == '' or kind_of(id) == KIND_NAME then
    answer[#answer + 1] = show(id)
  end
  if #answer > MOST or i == LOOKED_AT then
    answer[1] = i < #found and string.format('%.0f', number) or ''
    break
  end
end
return answer
