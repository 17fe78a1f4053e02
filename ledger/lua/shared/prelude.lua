-- The clock, and the one way in which a job changes its state.
-- ledger/lua_source.py puts before this what it makes of the Python side: the key builders (job_key, state_key, ...)
-- of ledger/keys.py, the tables HELD, WAITING, ENDED, MOVES, RESTORED and SPANS of jobs/states.py, and COUNTERS, the
-- names in ledger/counters.py.

local DAY_MS = 86400000

-- The ledger's time: Redis's, which may be put back (by NTP, or as the data has come to another machine). What was put
-- off would then be put off for so much longer, so the ledger goes on from where it was, and is ahead of Redis; from
-- then on it goes a tenth slower until the two agree. ledger/clock.py reads it in the same way.
local function now_ms()
  local t = redis.call('TIME')
  local raw = t[1] * 1000 + math.floor(t[2] / 1000)
  local last, ahead = unpack(redis.call('HMGET', clock_key(), 'last', 'ahead'))
  last, ahead = tonumber(last or raw), tonumber(ahead or 0)
  local passed = raw + ahead - last
  if passed < 0 then
    -- It is written down once in a second, and may have been told since.
    ahead = last + 1000 - raw
  else
    ahead = ahead - math.min(ahead, math.floor(passed / 10))
  end
  local now = raw + ahead
  -- Where Redis takes no writes (its memory is full), the time can still be told.
  if passed < 0 or passed >= 1000 or passed == 0 then
    redis.pcall('HSET', clock_key(), 'last', now, 'ahead', ahead)
  end
  return now
end

local function count(name, by)
  redis.call('HINCRBY', counts_key(), name, by or 1)
end

-- One value, in thousandths of its unit, for a histogram; the bounds are those of ledger/histograms.py.
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

-- What happened to a job, for whoever looks into it later (ledger/trail.py): the latest of it. `who`: a worker
-- process, or 'job:' and the id of another job.
local function trace(id, now, what, who)
  local entry = now .. ' ' .. what
  if who and who ~= '' then entry = entry .. ' ' .. who end
  local length = redis.call('RPUSH', trail_key(id), entry)
  if length == 1 then redis.call('EXPIRE', trail_key(id), 40 * 86400) end
  if length > TRAIL_KEPT then redis.call('LPOP', trail_key(id)) end
end

-- A waiting job's turn, from the time (ms) at which it counts as come. The running number behind it gives
-- two jobs of one millisecond an order too.
local function turn_at(ms)
  return ms * 1000 + redis.call('INCR', sequence_key()) % 1000
end

-- The record is closed: nothing is owed to anybody any more.
local function close(id, now, keep_s)
  redis.call('HSET', job_key(id), 'at:told', now)
  redis.call('ZREM', due_key(), id)
  redis.call('EXPIRE', job_key(id), keep_s)
  redis.call('EXPIRE', trail_key(id), keep_s)
  redis.call('XADD', ended_key(), 'MAXLEN', '~', 1000, '*', 'job', id)
  local prediction, chat, message = unpack(redis.call('HMGET', job_key(id), 'prediction', 'chat', 'message'))
  prediction = prediction or ''
  -- Its message leads to it for as long, however long the job has taken.
  if message and message ~= '0' then redis.call('SET', message_key(chat, message), id, 'EX', keep_s) end
  if redis.call('GET', prediction_key(prediction)) == id then
    redis.call('EXPIRE', prediction_key(prediction), keep_s)
  end
end

-- The job that a prediction belongs to, where that is another one: no two jobs have the same.
local function owner_of(prediction, id)
  local owner = redis.call('GET', prediction_key(prediction))
  return owner and owner ~= id and owner or nil
end

-- A token of the user's bucket goes back, once. A bucket that is gone has filled up by itself.
local function give_back(id, user)
  if redis.call('HGET', job_key(id), 'token_taken') ~= '1' then return end
  redis.call('HSET', job_key(id), 'token_taken', '0')
  count(COUNTERS.TOKENS_GIVEN_BACK)
  local tokens, burst = unpack(redis.call('HMGET', bucket_key(user), 'tokens', 'burst'))
  if tokens then
    redis.call('HSET', bucket_key(user), 'tokens', tostring(math.min(tonumber(burst), tokens + 1)))
  end
end

-- Whether the provider has taken a job that ends now, or may have: then it is paid for.
local function maybe_paid(id, from)
  local running, prediction, unsent, doubtful =
    unpack(redis.call('HMGET', job_key(id), 'at:running', 'prediction', 'unsent', 'doubtful'))
  if running or prediction and prediction ~= '' or from == 'unknown' then return true end
  return from == 'submitting' and unsent ~= '1' and doubtful ~= '0'
end

-- One of the few tokens that a user gets back for jobs that were paid; false where they have had them all.
local function gift(user, now)
  local given = redis.call('LRANGE', gifts_key(user), 0, -1)
  if #given >= GIFTS and now - given[GIFTS] < GIFTS_WITHIN_MS then return false end
  redis.call('LPUSH', gifts_key(user), now)
  redis.call('LTRIM', gifts_key(user), 0, GIFTS - 1)
  redis.call('PEXPIRE', gifts_key(user), GIFTS_WITHIN_MS)
  return true
end

-- A job has failed by our fault: its token goes back, and where it was paid only as long as there are gifts.
local function make_good(id, user, paid, now)
  if redis.call('HGET', job_key(id), 'token_taken') == '1' and paid and not gift(user, now) then
    redis.call('HSET', job_key(id), 'counted', '1')
    count(COUNTERS.TOKENS_KEPT)
  else
    give_back(id, user)
  end
end

-- Change the state, its stamp, its indexes and its counters together. Held states keep the time at which
-- their lease lapses; any other state ends the lease, and the raised token fences its last holder out. A move that
-- is in none of the tables (MOVES, and RESTORED where `restored` is true) is an error of ours: nothing is written.
local function may_enter(from, to, restored)
  return (MOVES[from] or {})[to] or restored and (RESTORED[from] or {})[to] or false
end

local function enter(id, from, to, now, who, restored)
  if not may_enter(from, to, restored) then
    error('a job may not go from ' .. tostring(from) .. ' to ' .. tostring(to))
  end
  local key = job_key(id)
  local kind, tier, lane, user, model, price, ours, reserved =
    unpack(redis.call('HMGET', key, 'kind', 'tier', 'lane', 'user', 'model', 'price', 'ours', 'reserved'))
  redis.call('HSET', key, 'state', to, 'at:' .. to, now)
  trace(id, now, to, who)
  redis.call('ZREM', state_key(from), id)
  if WAITING[from] and not WAITING[to] then
    redis.call('ZREM', waiting_key(lane), id)
    redis.call('ZREM', since_key(lane), id)
  end
  if ENDED[to] then
    redis.call('ZREM', active_key(user), id)
  else
    redis.call('ZADD', state_key(to), now, id)
  end
  if not HELD[to] then
    redis.call('HSET', key, 'owner', '')
    redis.call('HINCRBY', key, 'token', 1)
  end
  -- Who has a result was paid for, also where nobody saw it run (ledger/lua/restored.lua).
  if reserved and reserved ~= '0' then
    if to == 'running' or to == 'storing' or to == 'stored' then settle_price(id, true)
    elseif ENDED[to] then settle_price(id, maybe_paid(id, from)) end
  end
  if to == 'running' and price then
    local day = tostring(math.floor(now / DAY_MS))
    redis.call('HINCRBYFLOAT', spend_key(day), model, price)
    redis.call('EXPIRE', spend_key(day), 40 * 86400)
    count(COUNTERS.spent(model), math.floor(price * 1000000 + 0.5))
  end
  if to == 'failed' then count(COUNTERS.failed(redis.call('HGET', key, 'failure') or '', kind)) end
  if to == 'failed' and ours == '1' then make_good(id, user, maybe_paid(id, from), now) end
  if to == 'cancelled' and (WAITING[from] or from == 'sharing') then give_back(id, user) end
  if to == 'delivered' then count(COUNTERS.delivered(redis.call('HGET', key, 'way') or 'edit', kind)) end
  count(COUNTERS.entered(to, kind, tier))
  observe_way(key, to, kind, tier, now)
end

-- A lease that ran out rather than being handed back: its worker died over this job, or was stopped. Where
-- Redis was away nobody could renew, and that is not held against the job.
local function lapse(id, now)
  trace(id, now, 'lapsed', redis.call('HGET', job_key(id), 'owner'))
  redis.call('HSET', job_key(id), 'owner', '')
  redis.call('HINCRBY', job_key(id), 'token', 1)
  if redis.call('EXISTS', excused_key()) == 0 then redis.call('HINCRBY', job_key(id), 'crashes', 1) end
  count(COUNTERS.LEASES_EXPIRED)
end

-- The fields of a result or a failure that the jobs which share it get too.
local SHARED = { 'artifact', 'mime', 'size', 'failure', 'ours' }

-- The job has its result or has failed: so have the jobs that share it. Answers their ids.
local function settle(id, to, now)
  local digest = redis.call('HGET', job_key(id), 'digest')
  if digest and redis.call('GET', inflight_key(digest)) == id then redis.call('DEL', inflight_key(digest)) end
  local settled = {}
  for _, follower in ipairs(redis.call('ZRANGE', followers_key(id), 0, -1)) do
    if redis.call('HGET', job_key(follower), 'state') == 'sharing' then
      for _, field in ipairs(SHARED) do
        local value = redis.call('HGET', job_key(id), field)
        if value then redis.call('HSET', job_key(follower), field, value) end
      end
      enter(follower, 'sharing', to, now, 'job:' .. id)
      redis.call('ZADD', due_key(), now, follower)
      table.insert(settled, follower)
    end
  end
  redis.call('DEL', followers_key(id))
  return settled
end

-- There is no room in any budget for a job that shared another one, and that one is not made.
local function turn_out(id, leader, lack, now)
  redis.call('HSET', job_key(id), 'failure', 'over_budget', 'ours', '1', 'doubtful', '0')
  count_lack(lack)
  enter(id, 'sharing', 'failed', now, 'job:' .. leader)
  redis.call('ZADD', due_key(), now, id)
end

-- The job is cancelled, and others share it: the first of them takes its place, prediction and all. One that has to
-- be made anew needs room in its own budgets (`limits`); where none of them has any, they all fail.
-- `from` is the state that the job was in. Answers the heir's id, or nil.
local function bequeath(id, from, now, limits)
  local digest, prediction = unpack(redis.call('HMGET', job_key(id), 'digest', 'prediction'))
  local made = prediction and prediction ~= ''
  local followers, vips = {}, 0
  for _, follower in ipairs(redis.call('ZRANGE', followers_key(id), 0, -1)) do
    local state, tier = unpack(redis.call('HMGET', job_key(follower), 'state', 'tier'))
    if state == 'sharing' then
      -- Where it has to wait anew, a VIP may not wait behind it.
      local first = not made and tier == 'vip'
      if first then vips = vips + 1 end
      table.insert(followers, first and vips or #followers + 1, follower)
    end
  end
  redis.call('DEL', followers_key(id))
  local heir, lack
  for _, follower in ipairs(followers) do
    lack = not made and reserve(follower, now, limits)
    if not lack then
      heir = follower
      break
    end
  end
  for _, follower in ipairs(followers) do
    if not heir then turn_out(follower, id, lack, now)
    elseif follower ~= heir then redis.call('ZADD', followers_key(heir), now, follower) end
  end
  if digest and redis.call('GET', inflight_key(digest)) == id then
    if heir then redis.call('SET', inflight_key(digest), heir) else redis.call('DEL', inflight_key(digest)) end
  end
  if not heir then return nil end
  if made then
    local submitted, order = unpack(redis.call('HMGET', job_key(id), 'at:running', 'order'))
    redis.call('HSET', job_key(heir), 'prediction', prediction, 'order', order or '')
    redis.call('SET', prediction_key(prediction), heir)
    redis.call('HDEL', job_key(heir), 'price')
    enter(heir, 'sharing', 'running', now, 'job:' .. id)
    -- The deadline counts from the submission.
    redis.call('HSET', job_key(heir), 'at:running', submitted or now, 'owner', '')
  else
    local lane, turn, accepted = unpack(redis.call('HMGET', job_key(heir), 'lane', 'turn', 'at:accepted'))
    enter(heir, 'sharing', 'queued', now, 'job:' .. id)
    redis.call('ZADD', waiting_key(lane), turn, heir)
    redis.call('ZADD', since_key(lane), accepted, heir)
  end
  redis.call('ZADD', due_key(), now, heir)
  return heir
end
