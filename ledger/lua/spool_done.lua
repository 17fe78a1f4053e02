-- ARGV: the spool's name, id, group, owner, how many others the caller takes up in the same step, ms for which it takes
-- them up, ms for which all are remembered, most tries of one, ms of an owner's share
-- Answers what is handed out, as spool_take does.
local name, id, group, now = ARGV[1], ARGV[2], ARGV[3], now_ms()
local lane = group ~= '' and group or id
remove(name, id, lane, ARGV[4])
redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', ARGV[7])
line_up(name, lane, now, ARGV[9])
return hand_out(name, now, unpack(ARGV, 5))
