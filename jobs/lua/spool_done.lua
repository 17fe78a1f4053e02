-- ARGV: the spool's name, id, group, owner, ms for which it is remembered, ms of an owner's share
-- Answers how many lanes stand in line.
local name, id, group = ARGV[1], ARGV[2], ARGV[3]
local lane = group ~= '' and group or id
remove(name, id, lane, ARGV[4])
redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', ARGV[5])
line_up(name, lane, now_ms(), ARGV[6])
return redis.call('ZCARD', spool_line_key(name))
