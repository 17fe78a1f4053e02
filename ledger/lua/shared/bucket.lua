-- Token buckets. A person's is a hash of `tokens` and `at` (ms). One for calls has a `level` in place of `tokens`, and
-- may be in debt, or held until a time to come; buckets/take.lua keeps it, with this file in front.

-- What a bucket holds at `now` that held `level` at `at` (both in ms) and fills by `per_ms`. One that has no record is
-- full.
local function refilled(level, at, burst, per_ms, now)
  return math.min(burst, tonumber(level or burst) + math.max(0, now - at) * per_ms)
end

-- What a person's bucket holds at `now`. Where the clock was put back it fills from now on, and is written so at once.
local function tokens_in(key, burst, per_ms, now)
  local tokens, at = unpack(redis.call('HMGET', key, 'tokens', 'at'))
  at = tonumber(at or now)
  if at > now then
    at = now
    redis.call('HSET', key, 'at', now)
  end
  return refilled(tokens, at, burst, per_ms, now)
end

-- Leave so many in it. A bucket that has filled up by itself is not kept.
local function leave_in(key, tokens, burst, per_ms, now)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', now)
  redis.call('PEXPIRE', key, math.ceil(burst / per_ms) + 1000)
end
