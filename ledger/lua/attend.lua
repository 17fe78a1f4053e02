-- Take tokens of a user's bucket for messages that become no job. A user who has emptied the bucket is ignored until
-- it is full again.
-- ARGV: user, the bucket's burst, its rate (tokens per ms), tokens to take (below 0: to return)
-- Returns { 1, 0, 0 } where the tokens are taken; else { 0, ms until the user is no longer ignored, 1 where the user
-- has not been told so yet }.
local key, now = attention_key(ARGV[1]), now_ms()
local burst, per_ms, wanted = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local tokens = tokens_in(key, burst, per_ms, now)
local left = tonumber(redis.call('HGET', key, 'deaf_until') or 0) - now
-- Even if the clock was set back, nobody is ignored for longer than the bucket takes to fill.
if wanted > 0 and left > 0 and left <= math.ceil(burst / per_ms) then
  count(COUNTERS.UPDATES_IGNORED)
  return { 0, left, 0 }
end
if tokens < wanted then
  local wait = math.ceil((burst - tokens) / per_ms)
  leave_in(key, tokens, burst, per_ms, now)
  redis.call('HSET', key, 'deaf_until', now + wait)
  count(COUNTERS.UPDATES_IGNORED)
  return { 0, wait, 1 }
end
leave_in(key, math.min(burst, tokens - wanted), burst, per_ms, now)
return { 1, 0, 0 }
