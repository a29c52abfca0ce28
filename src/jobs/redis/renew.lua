-- Renew leases: LEASE, then for each ID, FENCE, LETTERS and what they name, as of a turn. Answers a code for each.
-- include common.lua
local ends = now + ARGV[1]

local function renew(id, fence, words)
  local job = read(id)
  if not job then
    return NONE
  end
  if job[FENCE] ~= fence or job[STATE] ~= RUNNING then
    return LOST
  end
  call('ZADD', P .. ':running:' .. job.queue, ends, id)
  local flags = job[FLAGS]
  take_words(id, job, words)
  if job[FLAGS] ~= flags then
    write(id, job)
  end
  return has(job, CANCELLING) and IS_CANCELLING or OK
end

-- Never refused for want of memory, as in a turn.
call('DEL', P .. ':none')
local codes = {}
local at = 2
while at <= #ARGV do
  local here, words = at, {}
  at = at + 3
  for letter in string.gmatch(ARGV[here + 2], '.') do
    words[letter] = ARGV[at]
    at = at + 1
  end
  codes[#codes + 1] = renew(ARGV[here], tonumber(ARGV[here + 1]), words)
end
write_all()
return codes
