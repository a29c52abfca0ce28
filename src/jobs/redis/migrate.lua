-- Bring an older store up to this format: from version to version, all in one step. Answers the format that it has then, "" where there is none.
-- include record.lua
local P <const>, call <const> = KEYS[1], redis.call
local FORMAT <const> = '2'
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local steps = {}

-- From version 1: lists of ends had ids alone, and each record, in its 4th and 5th byte, how many of them in front were not of its last end; what
-- of a queue's rate was used up was one moment.
local PAST_ENDS <const>, PAST_DEAD_ENDS <const>, END <const> = 4, 5, 59

local function one_less(record, past)
  return string.sub(record, 1, past - 1) .. string.char(string.byte(record, past) - 1) .. string.sub(record, past + 1)
end

-- A job that ended otherwise than those of the list was discarded since, and enqueued anew with its id.
local function add_moments(from, to, past, is_dead)
  for at = 0, call('LLEN', from) - 1, 1000 do
    local ids, keys, entries, changed = call('LRANGE', from, at, at + 999), {}, {}, {}
    for i, id in ipairs(ids) do
      keys[i] = P .. ':job:' .. id
    end
    for i, record in ipairs(call('MGET', unpack(keys))) do
      record = changed[keys[i]] or record
      if record and #record >= HEAD_SIZE and string.byte(record, past) > 0 then
        changed[keys[i]] = one_less(record, past)
      elseif record and #record >= HEAD_SIZE and string.byte(record) >= DONE and (string.byte(record) == DEAD) == is_dead then
        entries[#entries + 1] = string.format('%.0f ', (struct.unpack('<i8', record, END))) .. ids[i]
      end
    end
    for key, record in pairs(changed) do
      call('SET', key, record)
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
    add_moments(P .. ':done_ends:' .. queue, P .. ':ended:' .. queue, PAST_ENDS, false)
    add_moments(P .. ':dead_ends:' .. queue, P .. ':died:' .. queue, PAST_DEAD_ENDS, true)
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
