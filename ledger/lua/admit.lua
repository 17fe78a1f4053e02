-- ARGV: id, what is asked (JSON, made in ledger/admission.py)
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

-- However often they ask, each of their chats is told once in a while (ms).
local function first_told(told, for_ms)
  return redis.call('SET', told, '1', 'PX', for_ms, 'NX') and 1 or 0
end

-- The user's bucket, filled up to now.
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
  -- Who would be made in another lane does not wait for it: a VIP in no line of others', nobody in a paused one.
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

-- What shares a result, or has one from the cache, costs nothing.
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
-- Fair shares: what a user has in hand already puts the next job behind those that come a while after it.
record.turn = string.format('%.0f', turn_at(now + active * ask.fair_share))
-- It gets the leader's picture, so it was made with the leader's seed.
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
