-- ARGV: id, turn, user, most times (0 = this time does not count). The user surely was not written to: take them again later.
-- Answers 0 when that has happened so often that the user is to be passed over, or the turn is another's.
local key = broadcast_key(ARGV[1])
local turn, cursor, before = unpack(redis.call('HMGET', key, 'turn', 'cursor', 'before'))
if turn ~= ARGV[2] or cursor ~= ARGV[3] then return 0 end
local most = tonumber(ARGV[4])
if most > 0 and redis.call('HINCRBY', key, 'returned', 1) >= most then return 0 end
redis.call('HSET', key, 'cursor', before)
return 1
