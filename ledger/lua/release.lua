-- Hand a held job back in its present state, so that another worker goes on with it.
-- ARGV: id, token, time (ms) until the sweep publishes the job
local id = ARGV[1]
local key = job_key(id)
if redis.call('HGET', key, 'token') ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
trace(id, now, tonumber(ARGV[3]) > 0 and 'put_off' or 'released', redis.call('HGET', key, 'owner'))
redis.call('HSET', key, 'owner', '')
redis.call('HINCRBY', key, 'token', 1)
redis.call('ZADD', due_key(), now + ARGV[3], id)
return { 'released' }
