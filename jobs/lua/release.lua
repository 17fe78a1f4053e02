-- ARGV: id, token. Hand a held job back in its state, for another worker to take at once.
local id = ARGV[1]
local key = job_key(id)
if redis.call('HGET', key, 'token') ~= ARGV[2] then return { 'lost' } end
redis.call('HSET', key, 'owner', '')
redis.call('HINCRBY', key, 'token', 1)
redis.call('ZADD', due_key(), now_ms(), id)
return { 'released' }
