-- ARGV: the spool's name, id, group, ms after which whoever has room takes it up. It has killed nobody, and the others
-- of its lane wait for it.
local name, id, group, now = ARGV[1], ARGV[2], ARGV[3], now_ms()
redis.call('ZADD', spool_key(name), 'XX', now + ARGV[4], id)
redis.call('HDEL', spool_tries_key(name), id)
line_up(name, group ~= '' and group or id, now, 0)
