-- ARGV: id, token, caller, the message that the caller has found gone ('0' = there was none),
--       for so long (ms) the status message may be on its way once its mark is taken, marks...
-- May a new message be sent for the job's end? Answers lost, appeared (there is a status message after all), wait
-- (there may be one in a moment), sent (all marks are taken), or send with the mark of the one that the caller may
-- then send once.
local id, caller = ARGV[1], ARGV[3]
local key = job_key(id)
local token, message, moved = unpack(redis.call('HMGET', key, 'token', 'message', 'moved'))
if token ~= ARGV[2] then return { 'lost', '' } end
message = message or '0'
if message ~= ARGV[4] then return { 'appeared', '' } end
local now = now_ms()

-- Whoever has the mark of the status message may post it; a bot that comes late finds it taken.
if message == '0' and redis.call('HSETNX', key, 'once:status', caller) == 0 and moved ~= '1' then
  local at, accepted = unpack(redis.call('HMGET', key, 'once_at:status', 'at:accepted'))
  local fresh = now - (tonumber(at) or tonumber(accepted)) < tonumber(ARGV[5])
  if fresh and redis.call('HGET', key, 'once:status') ~= caller then return { 'wait', '' } end
end

for number = 6, #ARGV do
  local mark = ARGV[number]
  if redis.call('HSETNX', key, 'once:' .. mark, caller) == 1 then
    redis.call('HSET', key, 'once_at:' .. mark, now)
    return { 'send', mark }
  end
  if redis.call('HGET', key, 'once:' .. mark) == caller then return { 'send', mark } end
end
return { 'sent', '' }
