-- Have a job retried, cancelled or discarded: WHAT, ID, TOKEN, "1" where this comes again after a lost reply, for how many milliseconds it may.
-- Answers a code.
-- include common.lua
local WHAT, id = ARGV[1], ARGV[2]
local job = read(id)

local function take_out()
  local state, queue = job[STATE], job.queue
  local sets = {[READY] = {':ready:'}, [SCHEDULED] = {':later:', ':scheduled:'}, [HELD] = {':held:'}}
  for _, set in ipairs(sets[state] or {FINISHED[state]}) do
    call('ZREM', P .. set .. queue, id)
  end
  if state == HELD then
    call('ZREM', P .. ':waiting:' .. job.key, id)
  end
end

-- What a finished job has of its end; it stays in the list of ends, with the moment of that.
local function begin_anew()
  local unique = P .. ':unique:' .. job.unique
  job[FLAGS] = bit.band(job[FLAGS], PAYLOAD_BESIDE + LOG + FOLLOWED)
  job.texts = string.sub(job.texts, 1, payload_end(job) + job[WORKER_SIZE])
  job[ENDED] = 0
  call('DEL', P .. ':result:' .. id, P .. ':words:' .. id)
  if job.unique ~= '' and not call('SET', unique, id, 'NX') and call('GET', unique) == id then
    call('PERSIST', unique)
  end
end

local function set_attempts(attempts)
  local from, to = options_range(job)
  local options = job[OPTIONS_SIZE] == 0 and OPTIONS_DEFAULT or string.sub(job.texts, from, to)
  options = string.gsub(options, '^%d+', attempts)
  job.texts = string.sub(job.texts, 1, from - 1) .. options .. string.sub(job.texts, to + 1)
  job[OPTIONS_SIZE] = #options
end

local function retry()
  if job[STATE] == HELD or job[STATE] == READY or job[STATE] == RUNNING then
    return STATE_WRONG
  end
  take_out()
  if job[STATE] >= DONE then
    begin_anew()
  end
  if job[ATTEMPT] >= attempts_of(job) then
    set_attempts(job[ATTEMPT] + 1)
  end
  tell(id, job, 'retried')
  job[DUE] = now
  make_due(id, job)
  write(id, job)
  return OK
end

local function cancel()
  if job[STATE] >= DONE then
    return STATE_WRONG
  end
  if job[STATE] == RUNNING then
    set_flag(job, CANCELLING)
    write(id, job)
    call('PUBLISH', P .. ':cancel', id)
    return OK
  end
  take_out()
  tell(id, job, 'cancelled')
  finish(id, job, CANCELLED)
  return OK
end

local function discard()
  if job[STATE] == RUNNING then
    return STATE_WRONG
  end
  take_out()
  let_unique_go(id, job, true)
  pass_on(id, job)
  if has(job, FOLLOWED) then
    call('PUBLISH', P .. ':finished', id)
  end
  forget(id, job)
  return OK
end

-- include once.lua
if is_done(ARGV[3], ARGV[4]) then
  return OK
end
if not job then
  return NONE
end
-- Never refused for want of memory, which a cancelled or discarded job may give back.
call('DEL', P .. ':none')
local code = ({retry = retry, cancel = cancel, discard = discard})[WHAT]()
if code == OK then
  note_done(ARGV[3], ARGV[5])
end
conclude()
return code
