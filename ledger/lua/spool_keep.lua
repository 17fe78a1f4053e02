-- Enqueue an item.
-- ARGV: the queue's name, id, body, group, owner, the caller's lease (ms, 0: it cannot handle the item now),
--       time until the item expires (ms), time for which it is remembered after that (ms), most items in the queue,
--       most items of one group and of one owner (0: no bound), delay for each item of an owner (ms)
-- Returns 'taken' (the caller handles the item), 'waits' (any process with capacity will), 'known' (the item was
-- enqueued before) or 'full' (the item is not enqueued).
local name, id, group, owner = ARGV[1], ARGV[2], ARGV[4], ARGV[5]
local lease, lapses, remembered = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local of_group, of_owner = tonumber(ARGV[10]), tonumber(ARGV[11])
local lane, now = group ~= '' and group or id, now_ms()
local mine, owned = spool_of_key(name, lane), spool_by_key(name, owner)
if redis.call('EXISTS', spooled_key(name, id)) == 1 then return 'known' end
if redis.call('ZCARD', spool_key(name)) >= tonumber(ARGV[9]) then return 'full' end
if of_group > 0 and group ~= '' and redis.call('ZCOUNT', mine, now, '+inf') >= of_group then return 'full' end
if owner ~= '' then
  redis.call('ZREMRANGEBYSCORE', owned, '-inf', now)
  if of_owner > 0 and redis.call('ZCARD', owned) >= of_owner then return 'full' end
  redis.call('ZADD', owned, now + lapses, id)
  redis.call('PEXPIRE', owned, lapses)
end
redis.call('SET', spooled_key(name, id), group .. '\t' .. owner .. '\n' .. ARGV[3], 'PX', lapses + remembered)
-- Items of one millisecond have an order too, and a clock that was set back does not change the order.
local last = redis.call('ZRANGE', mine, -1, -1, 'WITHSCORES')[2]
local order = math.max(now + lapses, last and last + 0.001 or 0)
redis.call('ZADD', mine, string.format('%.3f', order), id)
-- The caller gets the lease only if no other items wait: they come first.
if lease > 0 and not last and redis.call('ZCARD', spool_line_key(name)) == 0 then
  redis.call('ZADD', spool_key(name), now + lease, id)
  return 'taken'
end
redis.call('ZADD', spool_key(name), '+inf', id)
line_up(name, lane, now, ARGV[12])
return 'waits'
