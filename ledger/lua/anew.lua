-- Decide whether a new message may be sent for the job's end.
-- ARGV: id, token, caller, the message that the caller has found gone ('0' = there was none),
--       time (ms) for which the status message may be on its way after its mark was taken, marks...
-- Returns { word, mark }:
--   'lost'      the caller no longer holds the job
--   'appeared'  there is a status message after all
--   'wait'      there may be one in a moment
--   'sent'      all marks are taken
--   'send'      the caller may send one message, under this mark
local id, caller = ARGV[1], ARGV[3]
local key = job_key(id)
local token, message, moved = unpack(redis.call('HMGET', key, 'token', 'message', 'moved'))
if token ~= ARGV[2] then return { 'lost', '' } end
message = message or '0'
if message ~= ARGV[4] then return { 'appeared', '' } end
local now = now_ms()

-- The status message needs its own mark. Take it here, so that a bot that comes late does not post the message.
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
