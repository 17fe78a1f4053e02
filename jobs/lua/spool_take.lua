-- ARGV: the spool's name, how many at most, ms for which the caller takes them up, ms for which they are remembered,
-- most tries of one
-- Answers { id, body, group, id, body, group, ... }: those that nobody has taken up, or not in the time that they said.
local name, taken = ARGV[1], {}
local all, now = spool_key(name), now_ms()
for _, id in ipairs(redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local kept = redis.call('GET', spooled_key(name, id))
  local lapsed = not kept or kept == '' or redis.call('PTTL', spooled_key(name, id)) <= tonumber(ARGV[4])
  if not lapsed and redis.call('HINCRBY', spool_tries_key(name), id, 1) <= tonumber(ARGV[5]) then
    redis.call('ZADD', all, now + ARGV[3], id)
    local line = string.find(kept, '\n', 1, true)
    table.insert(taken, id)
    table.insert(taken, string.sub(kept, line + 1))
    table.insert(taken, string.sub(kept, 1, line - 1))
  else
    if kept and kept ~= '' then count('dropped:' .. name) end
    redis.call('ZREM', all, id)
    redis.call('HDEL', spool_tries_key(name), id)
    redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', ARGV[4])
  end
end
return taken
