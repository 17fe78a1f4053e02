-- Turn a request into a job, or say why not.
-- ARGV: id, the request and the terms of admission (JSON, made in ledger/admission.py)
-- Returns { outcome, details of the outcome } as ledger/admission.py reads it.
local id, ask = ARGV[1], cjson.decode(ARGV[2])
local key = job_key(id)
if redis.call('EXISTS', key) == 1 then
  count(COUNTERS.admissions('duplicate'))
  return { 'duplicate', redis.call('HGETALL', key) }
end

local now = now_ms()
local record = ask.record
local user = record.user
local vip_until = tonumber(redis.call('HGET', vips_key(), user) or 0)
record.tier = vip_until > now and 'vip' or 'regular'
record.lane = ask.lanes[record.tier]

if redis.call('SISMEMBER', blocked_key(), user) == 1 then
  count(COUNTERS.admissions('blocked'))
  return { 'blocked' }
end

-- Whether to tell the user in this chat. However often the user asks, each chat is told once in `for_ms` (ms).
local function first_told(told, for_ms)
  return redis.call('SET', told, '1', 'PX', for_ms, 'NX') and 1 or 0
end

-- The user's token bucket, refilled up to now.
local rate, bucket = ask.rates[record.tier], bucket_key(user)
local tokens = 1
if rate then
  tokens = tokens_in(bucket, rate.burst, rate.per_ms, now)
  if tokens < 1 then
    local wait = math.ceil((1 - tokens) / rate.per_ms)
    count(COUNTERS.admissions('limited'))
    return { 'limited', wait, first_told(told_limited_key(user, record.chat), wait) }
  end
end

local function busy(where, size)
  count(COUNTERS.admissions('busy'))
  return { 'busy', where, size, first_told(told_busy_key(user, record.chat), ask.tell_again) }
end

local active = redis.call('ZCARD', active_key(user))
local leader = record.digest ~= '' and redis.call('GET', inflight_key(record.digest))
if leader then
  local state, lane = unpack(redis.call('HMGET', job_key(leader), 'state', 'lane'))
  -- A request does not share a job that still waits in another lane, if that lane is paused, or if the user is a VIP:
  -- VIPs do not queue with others.
  local waits_elsewhere = WAITING[state or ''] and lane ~= record.lane
  if not state or redis.call('ZCARD', followers_key(leader)) >= ask.followers
      or waits_elsewhere and (record.tier == 'vip' or redis.call('SISMEMBER', paused_key(), lane) == 1) then
    leader = false
  end
end
if not ask.cached then
  if active >= ask.active[record.tier] then return busy('active', active) end
  local backlog = redis.call('ZCARD', waiting_key(record.lane))
  if not leader and backlog >= ask.backlog then return busy(record.lane, backlog) end
end

-- A job that shares a result, or has one from the cache, costs nothing.
local spans = spans_of(now)
if not ask.cached and not leader then
  local lack = lacking(record, ask.price, spans, ask.budgets)
  if lack then
    count(COUNTERS.admissions('over_budget'))
    count_lack(lack)
    local first = first_told(told_busy_key(user, record.chat), ask.tell_again)
    return { 'over_budget', lack[1], lack[2], lack[3], spans.day, first }
  end
  if ask.price > 0 then
    record.reserved, record.reserved_in = ask.price, spans.day .. ' ' .. spans.month
    book(record, spans, ask.price, 0)
  end
end

if rate then
  leave_in(bucket, tokens - 1, rate.burst, rate.per_ms, now)
  redis.call('HSET', bucket, 'burst', rate.burst)
  record.token_taken = '1'
end
-- Fair share: each active job of the user delays the turn of the next one, so that later jobs of others go first.
record.turn = string.format('%.0f', turn_at(now + active * ask.fair_share))
-- The job gets the leader's picture, which is made with the leader's seed.
if leader then record.seed = redis.call('HGET', job_key(leader), 'seed') end
record.state = 'accepted'
record['at:accepted'] = now
for field, value in pairs(record) do redis.call('HSET', key, field, value) end
trace(id, now, 'accepted')
redis.call('ZADD', state_key('accepted'), now, id)
redis.call('ZADD', waiting_key(record.lane), record.turn, id)
redis.call('ZADD', since_key(record.lane), now, id)
redis.call('ZADD', due_key(), now + ask.look_again, id)
redis.call('ZADD', active_key(user), now, id)
redis.call('ZADD', history_key(user), now, id)
redis.call('ZREMRANGEBYRANK', history_key(user), 0, -1 - ask.history)
count(COUNTERS.entered('accepted', record.kind, record.tier))

if ask.cached then
  for field, value in pairs(ask.cached) do redis.call('HSET', key, field, value) end
  enter(id, 'accepted', 'stored', now)
  count(COUNTERS.admissions('cached'))
  return { 'cached', redis.call('HGETALL', key) }
end
if leader then
  redis.call('ZADD', followers_key(leader), now, id)
  enter(id, 'accepted', 'sharing', now, 'job:' .. leader)
  redis.call('ZREM', due_key(), id)
elseif record.digest ~= '' then
  redis.call('SET', inflight_key(record.digest), id)
end
if record.digest ~= '' then count(COUNTERS.CACHE_MISSES) end
count(COUNTERS.admissions('accepted'))
return { 'accepted', redis.call('HGETALL', key) }
