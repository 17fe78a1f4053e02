-- ARGV: the spool's name, how many at most, ms for which the caller takes them up, ms for which they are remembered,
-- most tries of one, ms of an owner's share
-- Answers { id, body, group, owner, id, body, ... }: the first things of the lanes whose turn it is.
local name, most, share = ARGV[1], tonumber(ARGV[2]), ARGV[6]
local all, line, now = spool_key(name), spool_line_key(name), now_ms()
-- What nobody has dealt with in the time that they said, and what was put off until now, waits again.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, 100)) do
  local thing = thing_of(name, id)
  if thing then
    redis.call('ZADD', all, '+inf', id)
    -- An older release keeps things in no lane.
    local lapses = now + redis.call('PTTL', spooled_key(name, id)) - ARGV[4]
    redis.call('ZADD', spool_of_key(name, thing.lane), 'NX', lapses, id)
    line_up(name, thing.lane, now, share)
  else
    redis.call('ZREM', all, id)
    redis.call('HDEL', spool_tries_key(name), id)
  end
end
local taken = {}
-- What is dropped makes room for the next; how many of those there may be is bounded too.
for _ = 1, most + 100 do
  local lane = #taken < 4 * most and redis.call('ZRANGE', line, 0, 0)[1]
  if not lane then break end
  redis.call('ZREM', line, lane)
  local id = redis.call('ZRANGE', spool_of_key(name, lane), 0, 0)[1]
  if id then
    local thing = thing_of(name, id)
    local lapsed = not thing or redis.call('PTTL', spooled_key(name, id)) <= tonumber(ARGV[4])
    if not lapsed and redis.call('HINCRBY', spool_tries_key(name), id, 1) <= tonumber(ARGV[5]) then
      redis.call('ZADD', all, now + ARGV[3], id)
      for _, part in ipairs({ id, thing.body, thing.group, thing.owner }) do table.insert(taken, part) end
    else
      if thing then count('dropped:' .. name) end
      remove(name, id, lane, thing and thing.owner or '')
      redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', ARGV[4])
      line_up(name, lane, now, share)
    end
  end
end
return taken
