-- ARGV: the spool's name, how many at most, ms for which the caller takes them up, ms for which they are remembered,
-- most tries of one, ms of an owner's share
-- Answers { id, body, group, owner, id, body, ... }: the first things of the lanes whose turn it is.
local name = ARGV[1]
local all, now = spool_key(name), now_ms()
-- What nobody has dealt with in the time that they said, and what was put off until now, waits again.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, 100)) do
  local thing = thing_of(name, id)
  if thing then
    redis.call('ZADD', all, '+inf', id)
    -- An older release keeps things in no lane.
    local lapses = now + redis.call('PTTL', spooled_key(name, id)) - ARGV[4]
    redis.call('ZADD', spool_of_key(name, thing.lane), 'NX', lapses, id)
    line_up(name, thing.lane, now, ARGV[6])
  else
    redis.call('ZREM', all, id)
    redis.call('HDEL', spool_tries_key(name), id)
  end
end
return hand_out(name, now, unpack(ARGV, 2))
