-- A worker's turn: LEASE, WORKER, TURN, IS_AGAIN, MOST, the number of queues, their names; then for each outcome ID, FENCE, VERDICT (a letter,
-- and one for each thing that comes behind), DELAY, CREATED (0: any), and what of these there is: e(rror), r(esult), p(rogress), n(ote), k (lines of its log before these), l(og).
-- Answers: next (microseconds, -1: not known), a code for each outcome, and of each job that was taken its id, its record and, where it is
-- long, its payload.
-- include common.lua
local LEASE, HOLDER, MOST = tonumber(ARGV[1]), ARGV[2] .. '\n' .. ARGV[3], tonumber(ARGV[5])
local QUEUES = tonumber(ARGV[6])
-- Jobs that are moved in one turn.
local FEW <const> = 200

local codes = {}
local leaving = {} -- jobs that run no longer, by set

-- Behind its worker, or beside it.
local function take_result(id, job, result)
  if #result > SHORT then
    call('SET', P .. ':result:' .. id, result)
    set_flag(job, RESULT_BESIDE)
  else
    job.texts = string.sub(job.texts, 1, payload_end(job) + job[WORKER_SIZE]) .. result
    set_flag(job, RESULT)
  end
end

local HISTORY_WORD = {f = 'failed', g = 'failed', s = 'snoozed', b = 'returned'}

-- The state that a verdict other than "done" comes to.
local function judge(verdict, job)
  local is_cancelled = has(job, CANCELLING)
  if verdict == 'g' or (verdict == 'f' and not is_cancelled and job[ATTEMPT] >= attempts_of(job)) then
    return DEAD
  elseif verdict == 'c' or is_cancelled then
    return CANCELLED
  end
  return verdict == 'b' and READY or SCHEDULED
end

local function put_back(id, job, verdict, delay, words)
  local state = judge(verdict, job)
  if not words.l then
    tell_begin(id, job, count_logged(id, job, 1))
  end
  if HISTORY_WORD[verdict] then
    tell(id, job, HISTORY_WORD[verdict], words.e)
  end
  if verdict == 'f' or verdict == 'g' then
    call('HINCRBY', P .. ':queue:' .. job.queue, 'failed', 1)
  end
  if state == CANCELLED then
    tell(id, job, 'cancelled')
  end
  if state >= DONE then
    finish(id, job, state)
    return
  end
  if verdict ~= 'f' then
    job[ATTEMPT] = job[ATTEMPT] - 1
  end
  if state == READY then
    put_ready(id, job)
  else
    schedule(id, job, now + delay)
    if yields_key(job) then
      pass_on(id, job)
    end
  end
  write(id, job)
end

-- One outcome: its code.
local function decide(id, fence, verdict, delay, created, words)
  local job = read(id)
  local mark = string.byte(verdict)
  if not job then
    return NONE
  end
  if created ~= 0 and job[CREATED] ~= created then
    return LOST
  end
  if job[FENCE] ~= fence or job[STATE] ~= RUNNING then
    return job[VERDICT] == mark and job[VERDICT_FENCE] == fence and OK or LOST
  end
  local queue = job.queue
  append(leaving, P .. ':running:' .. queue, id)
  if setting(queue)[2] then
    woken[queue] = true
  end
  job[VERDICT], job[VERDICT_FENCE] = mark, fence
  take_words(id, job, words)
  if words.r and verdict == 'd' then
    take_result(id, job, words.r)
  end
  if verdict == 'd' then
    finish(id, job, DONE)
  else
    put_back(id, job, verdict, delay, words)
  end
  return OK
end

-- Where each outcome begins, and where its words do.
local function find_outcomes(at)
  local places, ids = {}, {}
  while at <= #ARGV do
    places[#places + 1], ids[#ids + 1] = at, ARGV[at]
    at = at + 4 + #ARGV[at + 2]
  end
  return places, ids
end

local function take_outcomes(at)
  local places, ids = find_outcomes(at)
  if #ids > 1 then
    read_ahead(ids)
  end
  for i, here in ipairs(places) do
    local letters, words = ARGV[here + 2], {}
    for k = 2, #letters do
      words[string.sub(letters, k, k)] = ARGV[here + 3 + k]
    end
    codes[i] = decide(ids[i], tonumber(ARGV[here + 1]), string.sub(letters, 1, 1), ARGV[here + 3], tonumber(ARGV[here + 4]), words)
  end
  do_all('ZREM', leaving)
end

-- Its lease has ended: nobody knows what became of it.
local function lose(id)
  local job = read(id)
  if not job then
    return
  end
  tell_begin(id, job, count_logged(id, job, 1))
  tell(id, job, 'lost', worker_of(job))
  if has(job, CANCELLING) then
    tell(id, job, 'cancelled')
    finish(id, job, CANCELLED)
  elseif job[ATTEMPT] >= attempts_of(job) then
    finish(id, job, DEAD)
  else
    put_ready(id, job)
    write(id, job)
  end
end

local function first_of(set)
  local first = call('ZRANGE', set, 0, 0, 'WITHSCORES')
  return tonumber(first[2])
end

-- When the next of a queue's jobs is due or its lease ends; nil: never.
local function next_of(queue)
  local later, lease = first_of(P .. ':later:' .. queue), first_of(P .. ':running:' .. queue)
  return later and lease and math.min(later, lease) or later or lease
end

-- Move what is due; whether all of it was.
local function move_due()
  local left = FEW
  for _, queue in ipairs(call('ZRANGEBYSCORE', P .. ':due', '-inf', now, 'LIMIT', 0, 20)) do
    local later, running = P .. ':later:' .. queue, P .. ':running:' .. queue
    local ids = call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, left)
    if #ids > 0 then
      call('ZREM', later, unpack(ids))
      call('ZREM', P .. ':scheduled:' .. queue, unpack(ids))
    end
    read_ahead(ids)
    for _, id in ipairs(ids) do
      local job = read(id)
      if job then
        make_due(id, job)
        write(id, job)
      end
    end
    left = left - #ids
    ids = left > 0 and call('ZRANGEBYSCORE', running, '-inf', now, 'LIMIT', 0, left) or {}
    if #ids > 0 then
      call('ZREM', running, unpack(ids))
    end
    read_ahead(ids)
    for _, id in ipairs(ids) do
      lose(id)
    end
    left = left - #ids
    local next = next_of(queue)
    call('ZREM', P .. ':due', queue)
    if next then
      call('ZADD', P .. ':due', next, queue)
    end
    if left <= 0 then
      return false
    end
  end
  return true
end

-- What of a queue's rate is used up: slots of a 64th of its period, with how many jobs began in each. Until when one counts; and how many do.
local SLOTS <const> = 64

local function slot_end(slot, period)
  return (slot + 1) * math.ceil(period / SLOTS) + period
end

local function used_up(text, period)
  local current = math.floor(now / math.ceil(period / SLOTS))
  local slots, used = {}, 0
  for slot, n in string.gmatch(text or '', '(%d+) (%d+)') do
    slot, n = math.min(tonumber(slot), current), tonumber(n)
    if slot_end(slot, period) > now then
      slots[#slots + 1] = {slot, n}
      used = used + n
    end
  end
  return slots, used, current
end

-- How many of a queue may begin now, and when more may if that is for want of time.
local function room_in(queue, most)
  local paused, limit, rate, period, _, _, begun = unpack(setting(queue), 1, 7)
  if paused then
    return 0
  end
  if limit then
    most = math.min(most, limit - call('ZCARD', P .. ':running:' .. queue))
  end
  if rate and most > 0 then
    rate, period = tonumber(rate), tonumber(period or 1000000)
    local slots, used = used_up(begun, period)
    if used >= rate then
      local i = 1
      while i < #slots and used - slots[i][2] >= rate do
        used = used - slots[i][2]
        i = i + 1
      end
      return 0, slot_end(slots[i][1], period)
    end
    most = math.min(most, rate - used)
  end
  return most
end

-- So many of a queue begin.
local function spend(queue, n)
  local found = setting(queue)
  if found[3] then
    local slots, _, current = used_up(found[7], tonumber(found[4] or 1000000))
    if #slots == 0 or slots[#slots][1] ~= current then
      slots[#slots + 1] = {current, 0}
    end
    slots[#slots][2] = slots[#slots][2] + n
    for i, slot in ipairs(slots) do
      slots[i] = string.format('%.0f %.0f', slot[1], slot[2])
    end
    found[7] = table.concat(slots, ' ')
    call('HSET', P .. ':queue:' .. queue, 'begun', found[7])
  end
end

-- A job as its worker is told of it.
local function describe(id, job)
  return {id, pack(job), has(job, PAYLOAD_BESIDE) and call('GET', P .. ':data:' .. id)}
end

local function take_from(queue, most, taken)
  local ends = now + LEASE
  local popped = call('ZPOPMIN', P .. ':ready:' .. queue, most)
  local ids, leases = {}, {}
  for i = 1, #popped, 2 do
    ids[#ids + 1] = popped[i]
  end
  read_ahead(ids)
  for _, id in ipairs(ids) do
    local job = read(id)
    if job then
      job[STATE] = RUNNING
      job[FENCE], job[ATTEMPT] = job[FENCE] + 1, job[ATTEMPT] + 1
      job[BEGUN] = now
      if has(job, WORDS) then
        call('DEL', P .. ':words:' .. id)
        job[FLAGS] = job[FLAGS] - WORDS
      end
      job.texts = string.sub(job.texts, 1, payload_end(job)) .. HOLDER
      job[WORKER_SIZE] = #HOLDER
      local told = describe(id, job)
      written[id] = told[2]
      taken[#taken + 1] = told
      leases[#leases + 1], leases[#leases + 2] = ends, id
    end
  end
  if #leases > 0 then
    call('ZADD', P .. ':running:' .. queue, unpack(leases))
    spend(queue, #leases / 2)
    look_at(queue, ends)
  end
  return #ids
end

-- The jobs of this very turn, whose answer was lost, as they were given then.
local function take_again(taken)
  for i = 7, 6 + QUEUES do
    local running = P .. ':running:' .. ARGV[i]
    local found = {}
    for _, id in ipairs(call('ZRANGE', running, 0, -1)) do
      local job = read(id)
      if job and holder_of(job) == HOLDER then
        found[#found + 1] = {id, job}
      end
    end
    table.sort(found, function(a, b) return a[2][PLACE] < b[2][PLACE] end)
    for n = 1, math.min(#found, MOST - #taken) do
      local id, job = unpack(found[n])
      taken[#taken + 1] = describe(id, job)
      call('ZREM', running, id)
      call('ZADD', running, now + LEASE, id)
    end
  end
end

-- What is written first is a removal, which is never refused for want of memory, and so nor is what is behind it: what was done can be told
-- even then.
call('DEL', P .. ':none')
take_outcomes(7 + QUEUES)
local is_all_moved = move_due()
local taken, next = {}, nil

local function know_of(moment)
  if moment and (not next or moment < next) then
    next = moment
  end
end

if ARGV[4] == '1' then
  take_again(taken)
end
if #taken == 0 then
  for i = 7, 6 + QUEUES do
    local queue = ARGV[i]
    local left = math.min(MOST - #taken, 1000)
    while left > 0 do
      local room, more_at = room_in(queue, left)
      know_of(more_at)
      if room < 1 or take_from(queue, room, taken) < room then
        break
      end
      left = math.min(MOST - #taken, 1000)
    end
  end
end
conclude()

if MOST == 0 or #taken >= MOST or not is_all_moved then
  next = 0
else
  for i = 7, 6 + QUEUES do
    know_of(next_of(ARGV[i]))
  end
  next = next and math.max(next - now, 0) or -1
end
local answer = {next}
for i = 1, #codes do
  answer[i + 1] = codes[i]
end
for i = 1, #taken do
  answer[#codes + 1 + i] = taken[i]
end
return answer
