-- Token buckets. A user's bucket is a hash of `tokens` and `at` (ms). A bucket for calls has a `level` in place of
-- `tokens`, which may be below 0 (debt), and its `at` may be in the future (a hold). buckets/take.lua maintains it,
-- with this file in front.

-- Return the tokens at `now` (ms) of a bucket that held `level` at `at` (ms) and gains `per_ms` tokens a millisecond. A
-- bucket without a record is full.
local function refilled(level, at, burst, per_ms, now)
  return math.min(burst, tonumber(level or burst) + math.max(0, now - at) * per_ms)
end

-- Return the tokens of a user's bucket at `now`. If the clock was set back, the bucket fills from now on; that is
-- written at once.
local function tokens_in(key, burst, per_ms, now)
  local tokens, at = unpack(redis.call('HMGET', key, 'tokens', 'at'))
  at = tonumber(at or now)
  if at > now then
    at = now
    redis.call('HSET', key, 'at', now)
  end
  return refilled(tokens, at, burst, per_ms, now)
end

-- Write the tokens of a user's bucket. The key expires when the bucket has filled up by itself.
local function leave_in(key, tokens, burst, per_ms, now)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', now)
  redis.call('PEXPIRE', key, math.ceil(burst / per_ms) + 1000)
end
