-- Put back the user that was just taken, so that they are taken again: the message was surely not sent to them.
-- ARGV: id, turn, user, most attempts for one user (0 = this attempt does not count)
-- Returns 0 when the user has had so many attempts and is to be skipped, or when the turn is over.
local key = broadcast_key(ARGV[1])
local turn, cursor, before = unpack(redis.call('HMGET', key, 'turn', 'cursor', 'before'))
if turn ~= ARGV[2] or cursor ~= ARGV[3] then return 0 end
local most = tonumber(ARGV[4])
if most > 0 and redis.call('HINCRBY', key, 'returned', 1) >= most then return 0 end
redis.call('HSET', key, 'cursor', before)
return 1
