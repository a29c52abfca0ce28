-- Forget finished jobs whose time to stay is over: how many at most. Answers how many.
-- include common.lua
local left = tonumber(ARGV[1])
local swept = 0
local DAY <const> = 86400000000

-- The job's end that the list begins with: whether it is over with. `stale` counts those that are not its last.
local function sweep_first(id, queue, keep, stale)
  local job = read(id)
  if not job then
    return true
  end
  if job[stale] > 0 then
    job[stale] = job[stale] - 1
    write(id, job)
    return true
  end
  if job[STATE] < DONE then
    return true
  end
  if job[ENDED] + keep > now then
    return false
  end
  call('ZREM', P .. FINISHED[job[STATE]] .. queue, id)
  forget(id, job)
  swept = swept + 1
  return true
end

local function sweep(list, queue, keep, stale)
  while left > 0 do
    local id = call('LINDEX', list, 0)
    if not id or not sweep_first(id, queue, keep, stale) then
      return
    end
    call('LPOP', list)
    left = left - 1
  end
end

call('DEL', P .. ':none')
for _, queue in ipairs(call('SMEMBERS', P .. ':queues')) do
  local found = setting(queue)
  sweep(P .. ':done_ends:' .. queue, queue, math.max(tonumber(found[5] or DAY), 0), DONE_STALE)
  sweep(P .. ':dead_ends:' .. queue, queue, math.max(tonumber(found[6] or 30 * DAY), 0), DEAD_STALE)
end
return swept
