-- Keep a turn from becoming overdue: its worker is alive, though it waits.
-- ARGV: id, turn, time (ms) after which the turn is overdue
local key = broadcast_key(ARGV[1])
if redis.call('HGET', key, 'turn') ~= ARGV[2] then return 0 end
redis.call('HSET', key, 'due', now_ms() + ARGV[3])
return 1
