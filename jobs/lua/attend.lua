-- ARGV: user, the bucket's burst, its rate (tokens per ms), tokens to take (below 0: to give back)
-- Answers { 1, 0, 0 } where they are taken; else { 0, ms until the person is listened to again, 1 where they have not
-- been told so yet }. Who has emptied the bucket is listened to when it is full again.
local key, now = attention_key(ARGV[1]), now_ms()
local burst, per_ms, wanted = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local whole = math.ceil(burst / per_ms)
local tokens, at, deaf = unpack(redis.call('HMGET', key, 'tokens', 'at', 'deaf_until'))
-- Where the clock was put back the bucket fills from now on, and nobody is ignored for longer than that takes.
at = math.min(tonumber(at or now), now)
tokens = math.min(burst, tonumber(tokens or burst) + (now - at) * per_ms)
local left = tonumber(deaf or 0) - now
if wanted > 0 and left > 0 and left <= whole then
  count('updates_ignored')
  return { 0, left, 0 }
end
if tokens < wanted then
  local wait = math.ceil((burst - tokens) / per_ms)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', now, 'deaf_until', now + wait)
  redis.call('PEXPIRE', key, wait + 1000)
  count('updates_ignored')
  return { 0, wait, 1 }
end
redis.call('HSET', key, 'tokens', tostring(math.min(burst, tokens - wanted)), 'at', now)
redis.call('PEXPIRE', key, whole + 1000)
return { 1, 0, 0 }
