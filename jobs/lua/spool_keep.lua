-- ARGV: the spool's name, id, body, group, ms for which the caller takes it up (0: not), ms until it lapses, ms for
-- which it is remembered, most that wait, most of one group
-- Answers 'taken' (the caller deals with it), 'waits' (whoever has room does), 'known' (kept before) or 'full'
-- (nobody does).
local name, id, group = ARGV[1], ARGV[2], ARGV[4]
local all, mine, now = spool_key(name), spool_of_key(name, group), now_ms()
if redis.call('EXISTS', spooled_key(name, id)) == 1 then return 'known' end
if redis.call('ZCARD', all) >= tonumber(ARGV[8]) then return 'full' end
if group ~= '' then
  redis.call('ZREMRANGEBYSCORE', mine, '-inf', now)
  if redis.call('ZCARD', mine) >= tonumber(ARGV[9]) then return 'full' end
end
local lease, lapses = tonumber(ARGV[5]), tonumber(ARGV[6])
-- First those that have waited.
if lease > 0 and redis.call('ZCOUNT', all, '-inf', now) > 0 then lease = 0 end
redis.call('SET', spooled_key(name, id), group .. '\n' .. ARGV[3], 'PX', lapses + ARGV[7])
redis.call('ZADD', all, now + lease, id)
if group ~= '' then
  redis.call('ZADD', mine, now + lapses, id)
  redis.call('PEXPIRE', mine, lapses)
end
return lease > 0 and 'taken' or 'waits'
