-- Bring an older store up to this format: from version to version, all in one step. Answers the format that it has then, "" where there is none.
-- include record.lua
local P <const>, call <const> = KEYS[1], redis.call
local FORMAT <const> = '2'
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local steps = {}

-- From version 1: lists of ends had ids alone, and each record how many of them in front were not of its last end; what of a queue's rate was
-- used up was one moment. Records have stayed as they were, so that this unpacks them as they are.
local function read(id)
  local record = call('GET', P .. ':job:' .. id)
  return record and #record >= HEAD_SIZE and {struct.unpack(HEAD, record)} or nil, record
end

local function add_moments(from, to, stale)
  for at = 0, call('LLEN', from) - 1, 1000 do
    local entries = {}
    for _, id in ipairs(call('LRANGE', from, at, at + 999)) do
      local job, record = read(id)
      if job and job[stale] > 0 then
        job[stale] = job[stale] - 1
        call('SET', P .. ':job:' .. id, struct.pack(HEAD, unpack(job, 1, PAYLOAD_SIZE)) .. string.sub(record, HEAD_SIZE + 1))
      elseif job and job[STATE] >= DONE then
        entries[#entries + 1] = string.format('%.0f ', job[ENDED]) .. id
      end
    end
    if #entries > 0 then
      call('RPUSH', to, unpack(entries))
    end
  end
  call('DEL', from)
end

local function count_begun(key)
  local rate, period, full_at = unpack(call('HMGET', key, 'rate', 'period', 'full_at'))
  period = tonumber(period or 1000000)
  if rate and full_at and tonumber(full_at) > now then
    local n = math.min(math.ceil((full_at - now) * rate / period), tonumber(rate))
    call('HSET', key, 'begun', string.format('%.0f %.0f', math.floor(now / math.ceil(period / 64)), n))
  end
  call('HDEL', key, 'full_at')
end

steps['1'] = function()
  for _, queue in ipairs(call('SMEMBERS', P .. ':queues')) do
    add_moments(P .. ':done_ends:' .. queue, P .. ':ended:' .. queue, DONE_STALE)
    add_moments(P .. ':dead_ends:' .. queue, P .. ':died:' .. queue, DEAD_STALE)
    count_begun(P .. ':queue:' .. queue)
  end
end

-- Never refused for want of memory when the first is done.
call('DEL', P .. ':none')
local format = call('GET', P .. ':format')
while steps[format] and format ~= FORMAT do
  steps[format]()
  format = string.format('%.0f', format + 1)
  call('SET', P .. ':format', format)
end
return format or ''
