-- The only code that changes the state of a job. The tables HELD, WAITING, ENDED, MOVES and RESTORED are those of
-- jobs/states.py.

local DAY_MS = 86400000

-- Return a waiting job's turn from the time (ms) at which it counts as admitted. The running number added to it gives
-- jobs of one millisecond an order too.
local function turn_at(ms)
  return ms * 1000 + redis.call('INCR', sequence_key()) % 1000
end

-- Finish a job: its chat was told, and nothing remains to be done. The record expires after `keep_s` (s).
local function close(id, now, keep_s)
  redis.call('HSET', job_key(id), 'at:told', now)
  redis.call('ZREM', due_key(), id)
  redis.call('EXPIRE', job_key(id), keep_s)
  redis.call('EXPIRE', trail_key(id), keep_s)
  redis.call('XADD', ended_key(), 'MAXLEN', '~', 1000, '*', 'job', id)
  local prediction, chat, message = unpack(redis.call('HMGET', job_key(id), 'prediction', 'chat', 'message'))
  prediction = prediction or ''
  -- The message leads to the job for as long as the record is kept, however long the job has taken.
  if message and message ~= '0' then redis.call('SET', message_key(chat, message), id, 'EX', keep_s) end
  if redis.call('GET', prediction_key(prediction)) == id then
    redis.call('EXPIRE', prediction_key(prediction), keep_s)
  end
end

-- Return the job that a prediction belongs to, if that is another job. No two jobs have the same prediction.
local function owner_of(prediction, id)
  local owner = redis.call('GET', prediction_key(prediction))
  return owner and owner ~= id and owner or nil
end

-- Return the job's token to the user's bucket, once. A bucket without a record has filled up by itself.
local function give_back(id, user)
  if redis.call('HGET', job_key(id), 'token_taken') ~= '1' then return end
  redis.call('HSET', job_key(id), 'token_taken', '0')
  count(COUNTERS.TOKENS_GIVEN_BACK)
  local tokens, burst = unpack(redis.call('HMGET', bucket_key(user), 'tokens', 'burst'))
  if tokens then
    redis.call('HSET', bucket_key(user), 'tokens', tostring(math.min(tonumber(burst), tokens + 1)))
  end
end

-- Return whether the provider has taken a job that ends now, or may have. Such a job counts as paid.
local function maybe_paid(id, from)
  local running, prediction, unsent, doubtful =
    unpack(redis.call('HMGET', job_key(id), 'at:running', 'prediction', 'unsent', 'doubtful'))
  if running or prediction and prediction ~= '' or from == 'unknown' then return true end
  return from == 'submitting' and unsent ~= '1' and doubtful ~= '0'
end

-- Use one of the few tokens that a user may get back for paid jobs; return false where none is left.
local function gift(user, now)
  local given = redis.call('LRANGE', gifts_key(user), 0, -1)
  if #given >= GIFTS and now - given[GIFTS] < GIFTS_WITHIN_MS then return false end
  redis.call('LPUSH', gifts_key(user), now)
  redis.call('LTRIM', gifts_key(user), 0, GIFTS - 1)
  redis.call('PEXPIRE', gifts_key(user), GIFTS_WITHIN_MS)
  return true
end

-- Return the token of a job that failed by our fault; for a paid job only while the user has gifts left.
local function make_good(id, user, paid, now)
  if redis.call('HGET', job_key(id), 'token_taken') == '1' and paid and not gift(user, now) then
    redis.call('HSET', job_key(id), 'counted', '1')
    count(COUNTERS.TOKENS_KEPT)
  else
    give_back(id, user)
  end
end

-- Change the state, its stamp, its indexes and its counters together. A held state keeps the time at which the lease
-- expires. Any other state ends the lease, and the raised token fences out the last holder. A move that is in none of
-- the tables (MOVES, and RESTORED where `restored` is true) is an error of ours: nothing is written.
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
  -- A job that has a result was paid, even if no worker saw it run (ledger/lua/restored.lua).
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

-- End a lease that expired without being handed back: its worker died, or was stopped. Leases that expire because Redis
-- was unavailable do not count as crashes of the job.
local function lapse(id, now)
  trace(id, now, 'lapsed', redis.call('HGET', job_key(id), 'owner'))
  redis.call('HSET', job_key(id), 'owner', '')
  redis.call('HINCRBY', job_key(id), 'token', 1)
  if redis.call('EXISTS', excused_key()) == 0 then redis.call('HINCRBY', job_key(id), 'crashes', 1) end
  count(COUNTERS.LEASES_EXPIRED)
end
