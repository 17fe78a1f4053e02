-- ARGV: the spool's name, id, group, ms for which it is remembered
local name, id, group = ARGV[1], ARGV[2], ARGV[3]
redis.call('ZREM', spool_key(name), id)
redis.call('HDEL', spool_tries_key(name), id)
if group ~= '' then redis.call('ZREM', spool_of_key(name, group), id) end
redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', ARGV[4])
