-- ARGV: id, turn, look again in (ms). The worker of this turn is alive, though it waits.
local key = broadcast_key(ARGV[1])
if redis.call('HGET', key, 'turn') ~= ARGV[2] then return 0 end
redis.call('HSET', key, 'due', now_ms() + ARGV[3])
return 1
