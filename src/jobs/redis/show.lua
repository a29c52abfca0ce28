-- Jobs as those who look see them: what the scripts that answer with some include.
-- include common.lua
local function newest(log)
  if log and #log > HISTORY then
    log = string.sub(log, -HISTORY)
    log = string.sub(log, (string.find(log, '\n', 1, true) or 0) + 1)
  end
  return log
end

local function beside(id, job, flag)
  return has(job, flag) and call('GET', P .. BESIDE[flag] .. id)
end

-- Its id, record, long payload, long result, history, progress, note and lease; nil: there is none.
local function show(id)
  local job = read(id)
  if not job then
    return nil
  end
  local progress, note = false, false
  if has(job, WORDS) then
    progress, note = unpack(call('HMGET', P .. ':words:' .. id, 'progress', 'note'))
  end
  local lease = job[STATE] == RUNNING and call('ZSCORE', P .. ':running:' .. job.queue, id)
  return {id, pack(job), beside(id, job, PAYLOAD_BESIDE), beside(id, job, RESULT_BESIDE), newest(beside(id, job, LOG)), progress, note, lease}
end
