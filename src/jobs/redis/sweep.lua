-- Forget finished jobs whose time to stay is over: how many at most. Answers how many.
-- include common.lua
local left = tonumber(ARGV[1])
local swept = 0
local DAY <const> = 86400000000

-- Of one list of ends, each "MOMENT ID". A job that has ended at another moment by now, or was enqueued anew, is further behind.
local function sweep(list, queue, keep)
  while left > 0 do
    local entry = call('LINDEX', list, 0)
    local moment, id = string.match(entry or '', '^(%d+) (.*)$')
    if not moment or moment + keep > now then
      return
    end
    call('LPOP', list)
    left = left - 1
    local job = read(id)
    if job and job[STATE] >= DONE and job[ENDED] == tonumber(moment) then
      call('ZREM', P .. FINISHED[job[STATE]] .. queue, id)
      forget(id, job)
      swept = swept + 1
    end
  end
end

call('DEL', P .. ':none')
for _, queue in ipairs(call('SMEMBERS', P .. ':queues')) do
  local found = setting(queue)
  sweep(P .. ':ended:' .. queue, queue, math.max(tonumber(found[5] or DAY), 0))
  sweep(P .. ':died:' .. queue, queue, math.max(tonumber(found[6] or 30 * DAY), 0))
end
return swept
