-- Add jobs: ID, KIND, QUEUE, PAYLOAD, KEY, UNIQUE, PRIORITY, WHEN, UNIQUE_FOR, OPTIONS for each; "" where there is none. WHEN is "+MICROSECONDS"
-- from now or a moment. What is answered for each is nil, or the id of the one that was there.
-- include format.lua
-- include record.lua
local WIDTH <const> = 10
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local total = #ARGV / WIDTH
-- The first write is one that is refused where memory is full, and then nothing has been done.
if not format then
  call('SET', P .. ':format', FORMAT)
end
local number = call('INCRBY', P .. ':seq', total) - total
local answers, ready = {}, {}

for at = 1, #ARGV, WIDTH do
  local id, kind, queue, payload, key, unique, priority, when, unique_for, options = unpack(ARGV, at, at + 9)
  local job = P .. ':job:' .. id
  -- A moment that is past is now: since when a job is ready is seen by it.
  local due = when == '' and now or math.max(now, string.byte(when) == 43 and now + when or tonumber(when))
  local state, beside, inside, there = READY, 0, payload, false
  number = number + 1
  if not ready[queue] then
    ready[queue] = {}
  end

  -- Who needs more than its own record is looked for first.
  if key ~= '' or unique ~= '' then
    there = call('EXISTS', job) == 1 and id or unique ~= '' and call('GET', P .. ':unique:' .. unique)
  end
  if not there then
    if due > now then
      state = SCHEDULED
    elseif key ~= '' and not call('SET', P .. ':turn:' .. key, id, 'NX') then
      state = HELD
    end
    if #payload > SHORT then
      beside, inside = PAYLOAD_BESIDE, ''
    end
    local place = number - priority * BAND
    local record = struct.pack(HEAD, state, beside, 0, 0, 0, 0, place, due, now, unique_for ~= '' and now + unique_for or 0, 0, 0,
      #queue, #key, #unique, #kind, #options, 0, #inside) .. queue .. key .. unique .. kind .. options .. inside
    if not call('SET', job, record, 'NX') then
      there = id
    elseif state == READY then
      local list = ready[queue]
      list[#list + 1] = place
      list[#list + 1] = id
    elseif state == HELD then
      call('ZADD', P .. ':waiting:' .. key, place, id)
      call('ZADD', P .. ':held:' .. queue, number, id)
    else
      local first = call('ZSCORE', P .. ':due', queue)
      call('ZADD', P .. ':later:' .. queue, due, id)
      call('ZADD', P .. ':scheduled:' .. queue, number, id)
      if not first or tonumber(first) > due then
        call('ZADD', P .. ':due', due, queue)
        call('PUBLISH', P .. ':work', queue)
      end
    end
    if not there and beside > 0 then
      call('SET', P .. ':data:' .. id, payload)
    end
    if not there and unique ~= '' then
      call('SET', P .. ':unique:' .. unique, id)
    end
  end
  answers[#answers + 1] = there
end

for queue, added in pairs(ready) do
  local set = P .. ':ready:' .. queue
  local size = #added
  for from = 1, size, 1000 do
    call('ZADD', set, unpack(added, from, math.min(from + 999, size)))
  end
  -- A queue that had something ready is known already, and has been told of.
  local was_empty = size == 0 or call('ZCARD', set) == size / 2
  if was_empty then
    call('SADD', P .. ':queues', queue)
  end
  if size > 0 and was_empty then
    call('PUBLISH', P .. ':work', queue)
  end
end
return answers
