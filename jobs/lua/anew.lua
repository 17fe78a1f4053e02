-- ARGV: id, token, caller, the message that the caller has found gone ('0' = there was none),
--       for so long (ms) the status message may be on its way once its mark is taken
-- May the job's end be sent as a new message? Answers lost, appeared (there is a status message after all), wait
-- (there may be one in a moment), sent (another did, or nobody knows), or send, which the caller may then do once.
local id, caller = ARGV[1], ARGV[3]
local key = job_key(id)
local token, message, moved = unpack(redis.call('HMGET', key, 'token', 'message', 'moved'))
if token ~= ARGV[2] then return 'lost' end
message = message or '0'
if message ~= ARGV[4] then return 'appeared' end
local now = now_ms()

-- Whoever has the mark of the status message may post it; a bot that comes late finds it taken.
if message == '0' and redis.call('HSETNX', key, 'once:status', caller) == 0 and moved ~= '1' then
  local at, accepted = unpack(redis.call('HMGET', key, 'once_at:status', 'at:accepted'))
  local fresh = now - (tonumber(at) or tonumber(accepted)) < tonumber(ARGV[5])
  if fresh and redis.call('HGET', key, 'once:status') ~= caller then return 'wait' end
end

if redis.call('HSETNX', key, 'once:fallback', caller) == 1 then
  redis.call('HSET', key, 'once_at:fallback', now)
  return 'send'
end
return redis.call('HGET', key, 'once:fallback') == caller and 'send' or 'sent'
