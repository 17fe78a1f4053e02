-- Take the next user. The cursor moves before the message is sent, so that nobody gets it twice if a worker dies.
-- ARGV: id, turn, time (ms) after which the turn is overdue
-- Returns the next user, '' when all were taken, false when the turn is over.
local key = broadcast_key(ARGV[1])
local phase, turn, cursor = unpack(redis.call('HMGET', key, 'phase', 'turn', 'cursor'))
if phase ~= 'running' or turn ~= ARGV[2] then return false end
redis.call('HSET', key, 'due', now_ms() + ARGV[3])
local user = redis.call('ZRANGEBYSCORE', people_key(), '(' .. cursor, '+inf', 'LIMIT', 0, 1)[1]
if not user then return '' end
redis.call('HSET', key, 'cursor', user, 'before', cursor)
return user
