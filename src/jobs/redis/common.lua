-- What the scripts that move jobs have in common, which include it. Keys and records: docs/jobs-format.md.
-- include format.lua
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
-- include record.lua

local settings = {} -- queues that were looked at
local woken = {}    -- queues of which there may be more to take than before
local adding = {}   -- what the end of the script adds to sorted sets
local ending = {}   -- and to lists
local counted = {}  -- and jobs finished, by queue
local fresh = {}    -- records that were read in advance
local written = {}  -- and those that are to be written

-- Read records of jobs that will be looked at, in one step.
local function read_ahead(ids)
  local keys = {}
  for i, id in ipairs(ids) do
    keys[i] = P .. ':job:' .. id
  end
  for from = 1, #ids, 1000 do
    for i, record in ipairs(call('MGET', unpack(keys, from, math.min(from + 999, #ids)))) do
      fresh[ids[from + i - 1]] = record or nil
    end
  end
end

-- A job: its numbers, `queue`, `key` and `unique` ("": none), and `texts`, all that is behind the numbers.
local function read(id)
  local record = written[id] or fresh[id] or call('GET', P .. ':job:' .. id)
  fresh[id] = nil
  if not record or #record < HEAD_SIZE then
    return nil
  end
  local job = {texts = '', queue = '', key = '', unique = '', struct.unpack(HEAD, record)}
  local at = HEAD_SIZE + job[QUEUE_SIZE]
  job.texts = string.sub(record, HEAD_SIZE + 1)
  job.queue = string.sub(record, HEAD_SIZE + 1, at)
  if job[KEY_SIZE] + job[UNIQUE_SIZE] > 0 then
    local unique_at = at + job[KEY_SIZE]
    job.key = string.sub(record, at + 1, unique_at)
    job.unique = string.sub(record, unique_at + 1, unique_at + job[UNIQUE_SIZE])
  end
  return job
end

local function pack(job)
  return struct.pack(HEAD, unpack(job, 1, PAYLOAD_SIZE)) .. job.texts
end

local function write(id, job)
  written[id] = pack(job)
end

-- At the end of each script that writes any.
local function write_all()
  local list = {}
  for id, record in pairs(written) do
    list[#list + 1] = P .. ':job:' .. id
    list[#list + 1] = record
  end
  for from = 1, #list, 1000 do
    call('MSET', unpack(list, from, math.min(from + 999, #list)))
  end
end

-- Where in `texts` its options are.
local function options_range(job)
  local before = job[QUEUE_SIZE] + job[KEY_SIZE] + job[UNIQUE_SIZE] + job[KIND_SIZE]
  return before + 1, before + job[OPTIONS_SIZE]
end

-- Where in `texts` the payload ends, which its worker is behind.
local function payload_end(job)
  local _, options_end = options_range(job)
  return options_end + job[PAYLOAD_SIZE]
end

-- Who has it, and by which turn, on a line each.
local function holder_of(job)
  local from = payload_end(job)
  return string.sub(job.texts, from + 1, from + job[WORKER_SIZE])
end

local function worker_of(job)
  return string.match(holder_of(job), '^(.*)\n')
end

local function has(job, flag)
  return bit.band(job[FLAGS], flag) ~= 0
end

local function set_flag(job, flag)
  job[FLAGS] = bit.bor(job[FLAGS], flag)
end

local function setting(queue)
  local found = settings[queue]
  if not found then
    found = call('HMGET', P .. ':queue:' .. queue, 'paused', 'most_running', 'rate', 'period', 'keep_done', 'keep_dead', 'begun')
    settings[queue] = found
  end
  return found
end

local function append(lists, name, first, second)
  local list = lists[name]
  if not list then
    list = {}
    lists[name] = list
  end
  list[#list + 1] = first
  list[#list + 1] = second
end

-- A line of a job's history, whose newest part is kept; of now where there is no moment.
local function tell(id, job, what, text, moment)
  local key = P .. ':log:' .. id
  local line = string.format('%.0f %d ', moment or now, job[ATTEMPT]) .. what .. (text and text ~= '' and ' ' .. text or '') .. '\n'
  local size = call('APPEND', key, line)
  if size > 1.25 * HISTORY then
    local newest = call('GETRANGE', key, size - HISTORY, -1)
    call('SET', key, string.sub(newest, (string.find(newest, '\n', 1, true) or 0) + 1))
  end
  set_flag(job, LOG)
end

-- How many lines of its log end a job's history, those since it was taken, for whatever ends an attempt is a line, too: of the history's end as
-- much is read as is needed for that, or for there being `most`. It may be long, and Redis serves nobody else meanwhile.
local function count_logged(id, job, most)
  local size, n, is_known = 512, 0, not has(job, LOG)
  while not is_known and n < most do
    local text = call('GETRANGE', P .. ':log:' .. id, -size, -1)
    n, is_known = 0, #text < size
    for what in string.gmatch(is_known and text or string.match(text, '\n(.*)') or '', '%d+ %d+ (%l+)[^\n]*\n') do
      n = what == 'log' and n + 1 or 0
      is_known = is_known or n == 0
    end
    size = size * 8
  end
  return n
end

-- The first line of an attempt says when that began, and with whom: before its log, or, where it has none, before its end unless that is "done".
-- `logged`: how many lines of its log there are.
local function tell_begin(id, job, logged)
  if logged == 0 then
    tell(id, job, 'began', worker_of(job), job[BEGUN])
  end
end

-- What a handler said, but for what is there already, since the reply was lost that said so. Without a progress nobody knows it any more.
local function take_words(id, job, words)
  if words.p then
    call('HSET', P .. ':words:' .. id, 'progress', words.p)
    set_flag(job, WORDS)
  elseif has(job, WORDS) then
    call('HDEL', P .. ':words:' .. id, 'progress')
  end
  if words.n then
    call('HSET', P .. ':words:' .. id, 'note', words.n)
    set_flag(job, WORDS)
  end
  if words.l then
    local logged = count_logged(id, job, math.huge)
    local there = logged - (words.k or 0)
    tell_begin(id, job, logged)
    for line in string.gmatch(words.l, '([^\n]*)\n') do
      if there > 0 then
        there = there - 1
      else
        tell(id, job, 'log', line)
      end
    end
  end
end

-- Have a queue looked at then, at the latest.
local function look_at(queue, when)
  local before = call('ZSCORE', P .. ':due', queue)
  if not before or tonumber(before) > when then
    call('ZADD', P .. ':due', when, queue)
  end
end

-- "ATTEMPTS TIMEOUT BACKOFF MAX_BACKOFF YIELDS_KEY"; "" is this.
local OPTIONS_DEFAULT <const> = '20 0 10000000 3600000000 0'

local function attempts_of(job)
  return tonumber(job[OPTIONS_SIZE] > 0 and string.match(job.texts, '^%d+', (options_range(job))) or 20)
end

local function yields_key(job)
  local _, last = options_range(job)
  return job[OPTIONS_SIZE] > 0 and string.byte(job.texts, last) == 49
end

local function put_ready(id, job)
  call('ZADD', P .. ':ready:' .. job.queue, job[PLACE], id)
  job[STATE] = READY
  woken[job.queue] = true
end

-- It is due: READY where it has its key's turn or needs none, else HELD. It is the caller's to write, here and below.
local function make_due(id, job)
  local key = job.key
  if key ~= '' and not call('SET', P .. ':turn:' .. key, id, 'NX') and call('GET', P .. ':turn:' .. key) ~= id then
    call('ZADD', P .. ':waiting:' .. key, job[PLACE], id)
    call('ZADD', P .. ':held:' .. job.queue, job[PLACE] % BAND, id)
    job[STATE] = HELD
    return
  end
  put_ready(id, job)
end

-- Where a job has its key's turn, the next one has it now.
local function pass_on(id, job)
  local turn = P .. ':turn:' .. job.key
  if job.key == '' or call('GET', turn) ~= id then
    return
  end
  while true do
    local first = call('ZPOPMIN', P .. ':waiting:' .. job.key)[1]
    if not first then
      call('DEL', turn)
      return
    end
    local next = read(first)
    if next then
      call('SET', turn, first)
      call('ZREM', P .. ':held:' .. next.queue, first)
      put_ready(first, next)
      write(first, next)
      return
    end
  end
end

local function schedule(id, job, when)
  call('ZADD', P .. ':later:' .. job.queue, when, id)
  call('ZADD', P .. ':scheduled:' .. job.queue, job[PLACE] % BAND, id)
  job[STATE] = SCHEDULED
  job[DUE] = when
  look_at(job.queue, when)
end

local BESIDE = {[PAYLOAD_BESIDE] = ':data:', [RESULT_BESIDE] = ':result:', [LOG] = ':log:', [WORDS] = ':words:'}

-- Nothing of a job is left but what points to it.
local function forget(id, job)
  call('DEL', P .. ':job:' .. id)
  written[id] = nil
  for flag, name in pairs(BESIDE) do
    if has(job, flag) then
      call('DEL', P .. name .. id)
    end
  end
end

-- Its unique name is free, now or when its time has passed.
local function let_unique_go(id, job, is_at_once)
  local name = P .. ':unique:' .. job.unique
  if job.unique == '' or call('GET', name) ~= id then
    return
  end
  local ends = job[UNTIL]
  if not is_at_once and ends > now then
    call('PEXPIREAT', name, math.ceil(ends / 1000))
  else
    call('DEL', name)
  end
end

local stamp = string.format('%.0f ', now)
local FINISHED = {[DONE] = ':done:', [DEAD] = ':dead:', [CANCELLED] = ':cancelled:'}
local ENDS = {[DONE] = ':ended:', [DEAD] = ':died:', [CANCELLED] = ':ended:'}

-- It is finished, and in no set of its queue. Written, too, or gone where its queue keeps none.
local function finish(id, job, state)
  local queue = job.queue
  local keep = setting(queue)[state == DEAD and 6 or 5]
  job[STATE] = state
  job[ENDED] = now
  counted[queue] = (counted[queue] or 0) + 1
  let_unique_go(id, job)
  pass_on(id, job)
  if has(job, FOLLOWED) then
    call('PUBLISH', P .. ':finished', id)
  end
  if keep and tonumber(keep) < 0 then
    forget(id, job)
    return
  end
  append(adding, P .. FINISHED[state] .. queue, job[PLACE] % BAND, id)
  append(ending, P .. ENDS[state] .. queue, stamp .. id)
  write(id, job)
end

local function do_all(command, lists)
  for name, list in pairs(lists) do
    for from = 1, #list, 1000 do
      call(command, name, unpack(list, from, math.min(from + 999, #list)))
    end
  end
end

-- The end of each script: what was put off is done, and who may have something to do told so.
local function conclude()
  write_all()
  do_all('ZADD', adding)
  do_all('RPUSH', ending)
  for queue, n in pairs(counted) do
    call('HINCRBY', P .. ':queue:' .. queue, 'finished', n)
  end
  for queue in pairs(woken) do
    local is_paused, most = unpack(setting(queue), 1, 2)
    local has_room = not most or call('ZCARD', P .. ':running:' .. queue) < tonumber(most)
    if not is_paused and has_room and call('ZCARD', P .. ':ready:' .. queue) > 0 then
      call('PUBLISH', P .. ':work', queue)
    end
  end
end
