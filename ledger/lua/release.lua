-- ARGV: id, token, look again in (ms). Hand a held job back in its state, for another worker to go on with.
local id = ARGV[1]
local key = job_key(id)
if redis.call('HGET', key, 'token') ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
trace(id, now, tonumber(ARGV[3]) > 0 and 'put_off' or 'released', redis.call('HGET', key, 'owner'))
redis.call('HSET', key, 'owner', '')
redis.call('HINCRBY', key, 'token', 1)
redis.call('ZADD', due_key(), now + ARGV[3], id)
return { 'released' }
