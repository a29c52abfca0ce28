-- Jobs that were finished at a moment or later, the last first, without what of payload and result lies beside the record: QUEUE or "", the
-- moment, how many.
-- include show.lua
local QUEUE_NAME <const>, SINCE <const>, MOST <const> = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local CHUNK <const> = 100
local found = {}
local is_found = {}

-- One that was tried again since, or is another job by now, is no end any more, or is met with again where it ended last.
local function take(entry)
  local moment, id = string.match(entry, '^(%d+) (.*)$')
  local job = tonumber(moment) >= SINCE and read(id)
  if job and job[STATE] >= DONE and job[ENDED] == tonumber(moment) and not is_found[id] then
    is_found[id] = true
    found[#found + 1] = {job[ENDED], job[PLACE] % BAND, id}
  end
  return tonumber(moment) >= SINCE
end

-- From the end of the list on.
local function add_ends(list)
  local last, before = -1, #found
  repeat
    local ends = call('LRANGE', list, last - CHUNK + 1, last)
    for i = #ends, 1, -1 do
      if not take(ends[i]) or #found - before >= MOST then
        return
      end
    end
    last = last - CHUNK
  until #ends < CHUNK
end

-- As show() has it.
local function show_end(id)
  local job = read(id)
  local words = has(job, WORDS) and call('HMGET', P .. ':words:' .. id, 'progress', 'note') or {false, false}
  return {id, pack(job), false, false, newest(beside(id, job, LOG)), words[1], words[2], false}
end

for _, queue in ipairs(QUEUE_NAME ~= '' and {QUEUE_NAME} or call('SMEMBERS', P .. ':queues')) do
  add_ends(P .. ':ended:' .. queue)
  add_ends(P .. ':died:' .. queue)
end
table.sort(found, function(a, b) return a[1] > b[1] or (a[1] == b[1] and a[2] > b[2]) end)

local answer = {''}
for i = 1, math.min(#found, MOST) do
  answer[#answer + 1] = show_end(found[i][3])
end
return answer
