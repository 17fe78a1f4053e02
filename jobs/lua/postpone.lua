-- ARGV: id, look again in (ms), front ('1' = its message now stands at the front of its lane)
-- Answers 1 where the job was due: of several sweepers only the first gets it.
local id = ARGV[1]
local now = now_ms()
local due = redis.call('ZSCORE', due_key(), id)
if not due or tonumber(due) > now then return 0 end
redis.call('ZADD', due_key(), now + ARGV[2], id)
local state, lane, owner = unpack(redis.call('HMGET', job_key(id), 'state', 'lane', 'owner'))
if not state then
  redis.call('ZREM', due_key(), id)
  return 0
end
if owner and owner ~= '' then lapse(id) end
if ARGV[3] == '1' and WAITING[state] then
  redis.call('HSET', job_key(id), 'priority', 0)
  redis.call('ZADD', waiting_key(lane), waiting_score(0), id)
end
return 1
