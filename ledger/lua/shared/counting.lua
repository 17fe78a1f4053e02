-- Counters, histograms, and the trail of each job.

local function count(name, by)
  redis.call('HINCRBY', counts_key(), name, by or 1)
end

-- Add one value, in thousandths of its unit, to a histogram. The bounds are those of ledger/histograms.py.
local function observe(name, bounds, value)
  value = math.max(0, math.floor(value))
  local i = 1
  while bounds[i] and value > bounds[i] do i = i + 1 end
  redis.call('HINCRBY', observations_key(), name .. ':' .. (bounds[i] or 'inf'), 1)
  redis.call('HINCRBY', observations_key(), name .. ':sum', value)
end

local function observe_way(key, to, kind, tier, now)
  for span, start in pairs(SPANS[to] or {}) do
    local began = redis.call('HGET', key, 'at:' .. start)
    if began then observe(COUNTERS.span(span, kind, tier), SECONDS, now - began) end
  end
  if to == 'storing' then
    local polls, completed, model = unpack(redis.call('HMGET', key, 'polls', 'completed', 'model'))
    if polls then observe(COUNTERS.polls(model), POLLS, polls * 1000) end
    if completed then observe(COUNTERS.lag(model), SECONDS, now - completed) end
  end
end

-- Add an event to the trail of a job (ledger/trail.py), which keeps the latest ones. `who`: a worker process, or 'job:'
-- and the id of another job.
local function trace(id, now, what, who)
  local entry = now .. ' ' .. what
  if who and who ~= '' then entry = entry .. ' ' .. who end
  local length = redis.call('RPUSH', trail_key(id), entry)
  if length == 1 then redis.call('EXPIRE', trail_key(id), 40 * 86400) end
  if length > TRAIL_KEPT then redis.call('LPOP', trail_key(id)) end
end
