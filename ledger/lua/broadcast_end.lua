-- ARGV: id, phase that it is in, phase that ends it (done | stopped), keep for (s). Answers 0 where it was not in that.
local id = ARGV[1]
local key = broadcast_key(id)
if redis.call('HGET', key, 'phase') ~= ARGV[2] then return 0 end
redis.call('HSET', key, 'phase', ARGV[3])
redis.call('EXPIRE', key, ARGV[4])
if redis.call('GET', broadcasting_key()) == id then redis.call('DEL', broadcasting_key()) end
return 1
