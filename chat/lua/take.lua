-- KEYS: the chat's hold, the chat's bucket, the bucket of all chats
-- ARGV: the chat's burst and rate (tokens per ms), those of all chats, patience (ms), mode
--   mode 'spare': take only what nobody misses, now; 'wait': take, going into debt; 'booked': as 'wait', by a
--   caller that has the chat's token from before
-- Answers { word, ms }:
--   'go'      all tokens are taken; call after ms
--   'booked'  the chat's token is taken; ask again after ms
--   'held'    nothing is taken, as Telegram told this chat to wait; ask again after ms
--   'short'   nothing is taken, as there is nothing to spare or it would take ms, beyond the patience
-- Debt makes a queue: each waiter gets a time of its own, and none has to ask twice for the same token.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local patience, mode = tonumber(ARGV[5]), ARGV[6]

local function read(key, burst, rate)
  local level, at = unpack(redis.call('HMGET', key, 'level', 'at'))
  burst, rate, at = tonumber(burst), tonumber(rate), tonumber(at or now)
  local bucket = { key = key, burst = burst, rate = rate, at = math.max(now, at) }
  bucket.level = math.min(burst, tonumber(level or burst) + math.max(0, now - at) * rate)
  bucket.wait = math.ceil(math.max(0, 1 - bucket.level) / rate)
  return bucket
end

local function take(bucket)
  local left = bucket.level - 1
  redis.call('HSET', bucket.key, 'level', left, 'at', bucket.at)
  redis.call('PEXPIRE', bucket.key, math.ceil((bucket.burst - left) / bucket.rate) + bucket.at - now + 1000)
end

local hold = math.max(0, redis.call('PTTL', KEYS[1]))
local chat = read(KEYS[2], ARGV[1], ARGV[2])
local all = read(KEYS[3], ARGV[3], ARGV[4])

if mode == 'spare' then
  -- A fifth of the whole budget and one call to the chat are kept for results.
  local enough = hold == 0 and all.level >= math.max(1, all.burst / 5) and chat.level >= math.min(2, chat.burst)
  if not enough then return { 'short', math.max(hold, chat.wait, all.wait) } end
elseif hold > 0 then
  return { hold > patience and 'short' or 'held', hold }
elseif mode == 'wait' and chat.wait > 0 then
  if chat.wait > patience then return { 'short', chat.wait } end
  take(chat)
  return { 'booked', chat.wait }
elseif all.wait > patience then
  return { 'short', all.wait }
end

if mode ~= 'booked' then take(chat) end
take(all)
return { 'go', all.wait }
