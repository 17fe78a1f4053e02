-- ARGV: id, look again in (ms)
-- Answers 1 where the job was due: of several sweepers only the first gets it.
local id = ARGV[1]
local now = now_ms()
local due = redis.call('ZSCORE', due_key(), id)
if not due or tonumber(due) > now then return 0 end
redis.call('ZADD', due_key(), now + ARGV[2], id)
local state, owner = unpack(redis.call('HMGET', job_key(id), 'state', 'owner'))
if not state then
  redis.call('ZREM', due_key(), id)
  return 0
end
if owner and owner ~= '' then lapse(id) end
return 1
