-- Acknowledge an item, and hand out others in the same step.
-- ARGV: the queue's name, id, group, owner, how many others to hand out at most, their lease (ms),
--       time for which ended items are remembered (ms), most tries of an item, delay for each item of an owner (ms)
-- Returns the items that are handed out, as spool_take.lua does.
local name, id, group, now = ARGV[1], ARGV[2], ARGV[3], now_ms()
local lane = group ~= '' and group or id
remove(name, id, lane, ARGV[4])
redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', ARGV[7])
line_up(name, lane, now, ARGV[9])
return hand_out(name, now, unpack(ARGV, 5))
