-- ARGV: id, prediction id. A submission whose outcome was unknown has been heard of.
local id = ARGV[1]
local key = job_key(id)
local state, prediction = unpack(redis.call('HMGET', key, 'state', 'prediction'))
if not state or (prediction and prediction ~= '') then return 0 end
if state ~= 'submitting' and state ~= 'unknown' then return 0 end
if owner_of(ARGV[2], id) then return 0 end
redis.call('HSET', key, 'prediction', ARGV[2])
redis.call('SET', prediction_key(ARGV[2]), id)
trace(id, now_ms(), 'adopted')
-- While it is still being submitted its holder, or whoever takes over, finds the id in the record.
if state == 'unknown' then
  local now = now_ms()
  enter(id, state, 'running', now)
  -- Whoever is looking for it has found nothing yet, and may write nothing from now on.
  redis.call('HSET', key, 'owner', '')
  redis.call('HINCRBY', key, 'token', 1)
  redis.call('ZADD', due_key(), now, id)
end
return 1
