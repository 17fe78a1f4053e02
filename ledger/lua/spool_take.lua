-- Hand out items.
-- ARGV: the queue's name, how many at most, their lease (ms), time for which ended items are remembered (ms),
--       most tries of an item, delay for each item of an owner (ms)
-- Returns { id, body, group, owner, id, body, ... }: the first items of the lanes whose turn it is.
local name = ARGV[1]
local all, now = spool_key(name), now_ms()
-- Items whose lease has expired, and items whose retry is due, wait again.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, 100)) do
  local thing = thing_of(name, id)
  if thing then
    redis.call('ZADD', all, '+inf', id)
    -- An older release enqueued items without a lane.
    local lapses = now + redis.call('PTTL', spooled_key(name, id)) - ARGV[4]
    redis.call('ZADD', spool_of_key(name, thing.lane), 'NX', lapses, id)
    line_up(name, thing.lane, now, ARGV[6])
  else
    redis.call('ZREM', all, id)
    redis.call('HDEL', spool_tries_key(name), id)
  end
end
return hand_out(name, now, unpack(ARGV, 2))
