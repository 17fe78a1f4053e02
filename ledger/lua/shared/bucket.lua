-- A person's token bucket, a hash of `tokens` and `at` (ms).

-- What it holds at `now`. Where the clock was put back it fills from now on, and is written so at once.
local function tokens_in(key, burst, per_ms, now)
  local tokens, at = unpack(redis.call('HMGET', key, 'tokens', 'at'))
  at = tonumber(at or now)
  if at > now then
    at = now
    redis.call('HSET', key, 'at', now)
  end
  return math.min(burst, tonumber(tokens or burst) + (now - at) * per_ms)
end

-- Leave so many in it. A bucket that has filled up by itself is not kept.
local function leave_in(key, tokens, burst, per_ms, now)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', now)
  redis.call('PEXPIRE', key, math.ceil(burst / per_ms) + 1000)
end
