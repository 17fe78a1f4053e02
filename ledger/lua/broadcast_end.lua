-- End a broadcast.
-- ARGV: id, the phase that it must be in, the phase that ends it (done | stopped), time to keep the record (s)
-- Returns 0 where the broadcast is in another phase.
local id = ARGV[1]
local key = broadcast_key(id)
if redis.call('HGET', key, 'phase') ~= ARGV[2] then return 0 end
redis.call('HSET', key, 'phase', ARGV[3])
redis.call('EXPIRE', key, ARGV[4])
if redis.call('GET', broadcasting_key()) == id then redis.call('DEL', broadcasting_key()) end
return 1
