-- Jobs that were finished at a moment or later, the last first, without what of payload and result lies beside the record: QUEUE or "", the
-- moment, how many.
-- include show.lua
local QUEUE_NAME <const>, MOST <const> = ARGV[1], tonumber(ARGV[3])
local CHUNK <const> = 100
local since = tonumber(ARGV[2])
local found = {}
local is_found = {}

-- One that was tried again since, or is another job by now, is no end any more, or is met with again where it ended last.
local function take(entry)
  local moment, id = string.match(entry, '^(%d+) (.*)$')
  local job = tonumber(moment) >= since and read(id)
  if job and job[STATE] >= DONE and job[ENDED] == tonumber(moment) and not is_found[id] then
    is_found[id] = true
    found[#found + 1] = {job[ENDED], job[PLACE] % BAND, id}
  end
  return tonumber(moment) >= since
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

-- The last ones so far, as many as are wanted: nothing older is looked at from then on.
local function keep_last()
  table.sort(found, function(a, b) return a[1] > b[1] or (a[1] == b[1] and a[2] > b[2]) end)
  for i = #found, MOST + 1, -1 do
    found[i] = nil
  end
  since = found[MOST] and found[MOST][1] or since
end

-- As show() has it.
local function show_end(id)
  local job = read(id)
  local words = has(job, WORDS) and call('HMGET', P .. ':words:' .. id, 'progress', 'note') or {false, false}
  return {id, pack(job), false, false, newest(beside(id, job, LOG)), words[1], words[2], false}
end

for _, queue in ipairs(QUEUE_NAME ~= '' and {QUEUE_NAME} or call('SMEMBERS', P .. ':queues')) do
  for _, list in ipairs({':ended:', ':died:'}) do
    add_ends(P .. list .. queue)
    if #found >= 2 * MOST then
      keep_last()
    end
  end
end
keep_last()

local answer = {''}
for _, job in ipairs(found) do
  answer[#answer + 1] = show_end(job[3])
end
return answer
