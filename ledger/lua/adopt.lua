-- Record the prediction of a submission whose outcome was unknown.
-- ARGV: id, prediction id
-- Returns 1 where that was news.
local id = ARGV[1]
local key = job_key(id)
local state, prediction = unpack(redis.call('HMGET', key, 'state', 'prediction'))
if not state or (prediction and prediction ~= '') then return 0 end
if state ~= 'submitting' and state ~= 'unknown' then return 0 end
if owner_of(ARGV[2], id) then return 0 end
redis.call('HSET', key, 'prediction', ARGV[2])
redis.call('SET', prediction_key(ARGV[2]), id)
trace(id, now_ms(), 'adopted')
-- While the job is still submitting, its holder, or the next one, finds the prediction id in the record.
if state == 'unknown' then
  local now = now_ms()
  enter(id, state, 'running', now)
  -- A worker that is looking for the prediction has not found it yet. The raised token keeps it from writing.
  redis.call('HSET', key, 'owner', '')
  redis.call('HINCRBY', key, 'token', 1)
  redis.call('ZADD', due_key(), now, id)
end
return 1
