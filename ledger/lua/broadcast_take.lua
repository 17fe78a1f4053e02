-- ARGV: id, turn, look again in (ms). Answers the next user, '' when all were taken, false when it is not this turn.
-- The cursor moves before the user is written to: whoever dies over it, nobody is written to twice.
local key = broadcast_key(ARGV[1])
local phase, turn, cursor = unpack(redis.call('HMGET', key, 'phase', 'turn', 'cursor'))
if phase ~= 'running' or turn ~= ARGV[2] then return false end
redis.call('HSET', key, 'due', now_ms() + ARGV[3])
local user = redis.call('ZRANGEBYSCORE', people_key(), '(' .. cursor, '+inf', 'LIMIT', 0, 1)[1]
if not user then return '' end
redis.call('HSET', key, 'cursor', user, 'before', cursor)
return user
