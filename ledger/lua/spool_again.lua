-- Retry an item later. It has killed no process, so its tries start at 0 again. The other items of its lane wait.
-- ARGV: the queue's name, id, group, delay of the retry (ms)
local name, id, group, now = ARGV[1], ARGV[2], ARGV[3], now_ms()
redis.call('ZADD', spool_key(name), 'XX', now + ARGV[4], id)
redis.call('HDEL', spool_tries_key(name), id)
line_up(name, group ~= '' and group or id, now, 0)
