-- Renew leases: LEASE, then for each ID, FENCE, CREATED, LETTERS and what they name, as of a turn. Answers a code for each.
-- include common.lua
local ends = now + ARGV[1]
local looked = {} -- queues that will be looked at by then

local function renew(id, fence, created, words)
  local job = read(id)
  if not job then
    return NONE
  end
  if job[FENCE] ~= fence or job[STATE] ~= RUNNING or (created ~= 0 and job[CREATED] ~= created) then
    return LOST
  end
  call('ZADD', P .. ':running:' .. job.queue, ends, id)
  if not looked[job.queue] then
    look_at(job.queue, ends)
    looked[job.queue] = true
  end
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
  at = at + 4
  for letter in string.gmatch(ARGV[here + 3], '.') do
    words[letter] = ARGV[at]
    at = at + 1
  end
  codes[#codes + 1] = renew(ARGV[here], tonumber(ARGV[here + 1]), tonumber(ARGV[here + 2]), words)
end
write_all()
return codes
