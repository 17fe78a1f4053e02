-- Take tokens of one bucket, or of a narrow one and the wide one around it.
-- KEYS: a hold, the buckets (the wide one last)
-- ARGV: tokens, patience (ms), mode; then of each bucket: burst, rate (tokens per ms), the level that it must
--       have in mode 'spare'
-- Modes:
--   'spare'   take the tokens only if the buckets have the wanted levels now
--   'wait'    take the tokens, going into debt
--   'booked'  as 'wait', by a caller that has taken the narrow bucket's tokens before
--   'ready'   as 'wait', but only if the narrow bucket has the tokens now
-- Returns { word, ms }:
--   'go'      all tokens are taken; call after ms
--   'booked'  the narrow bucket's tokens are taken; ask again after ms
--   'held'    nothing is taken, as the other side told us to wait; ask again after ms
--   'short'   nothing is taken: there is nothing to spare, or the wait of ms is beyond the patience
-- Debt makes a queue: each caller gets a time of its own, and none has to ask twice for the same token.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tokens, patience, mode = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

local hold = math.max(0, redis.call('PTTL', KEYS[1]))
-- Expiry times depend on Redis's clock. If that was set back, shorten the hold to its length, which is its value. (A
-- hold of an older release has the value 1.)
local length = hold > 0 and tonumber(redis.call('GET', KEYS[1])) or 0
if length > 1 and hold > length then
  hold = length
  redis.call('PEXPIRE', KEYS[1], hold)
end

local function read(key, burst, rate, spare)
  local level, at = unpack(redis.call('HMGET', key, 'level', 'at'))
  burst, rate, at = tonumber(burst), tonumber(rate), tonumber(at or now)
  -- Only a hold may put `at` into the future; anything beyond comes from a clock that was set back since.
  at = math.min(at, now + hold)
  local bucket = { key = key, burst = burst, rate = rate, at = math.max(now, at) }
  bucket.level = refilled(level, at, burst, rate, now)
  bucket.wait = math.ceil(math.max(0, (mode == 'spare' and tonumber(spare) or tokens) - bucket.level) / rate)
  return bucket
end

local function take(bucket)
  local left = bucket.level - tokens
  redis.call('HSET', bucket.key, 'level', left, 'at', bucket.at)
  redis.call('PEXPIRE', bucket.key, math.ceil((bucket.burst - left) / bucket.rate) + bucket.at - now + 1000)
end

local wide = read(KEYS[#KEYS], unpack(ARGV, #ARGV - 2))
local narrow = #KEYS > 2 and read(KEYS[2], unpack(ARGV, 4, 6))

if mode == 'spare' then
  local wait = math.max(hold, wide.wait, narrow and narrow.wait or 0)
  if wait > 0 then return { 'short', wait } end
elseif hold > 0 then
  return { (hold > patience or mode == 'ready') and 'short' or 'held', hold }
elseif mode == 'ready' and narrow and narrow.wait > 0 then
  return { 'short', narrow.wait }
elseif mode == 'wait' and narrow and narrow.wait > 0 then
  if narrow.wait > patience then return { 'short', narrow.wait } end
  take(narrow)
  return { 'booked', narrow.wait }
elseif wide.wait > patience then
  return { 'short', wide.wait }
end

if narrow and mode ~= 'booked' then take(narrow) end
take(wide)
return { 'go', wide.wait }
