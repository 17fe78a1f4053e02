-- ARGV: id, chat, the answer (JSON), ms for which the caller takes it up, ms until it lapses, most answers of one
-- chat, most of all, s for which it is remembered
-- Answers 'taken' (the caller says it), 'waits' (whoever has time does), 'known' (kept before) or 'full' (nobody
-- says it: more are waiting already than can be said before they lapse).
local id, chat, now = ARGV[1], ARGV[2], now_ms()
if redis.call('EXISTS', answer_key(id)) == 1 then return 'known' end
local mine = answers_of_key(chat)
redis.call('ZREMRANGEBYSCORE', mine, '-inf', now)
if redis.call('ZCARD', mine) >= tonumber(ARGV[6]) or redis.call('ZCARD', answers_key()) >= tonumber(ARGV[7]) then
  return 'full'
end
local lease, lapses = tonumber(ARGV[4]), now + ARGV[5]
-- First those that have waited.
if lease > 0 and redis.call('ZCOUNT', answers_key(), '-inf', now) > 0 then lease = 0 end
redis.call('SET', answer_key(id), ARGV[3], 'EX', ARGV[8])
redis.call('ZADD', answers_key(), now + lease, id)
redis.call('ZADD', mine, lapses, id)
redis.call('PEXPIREAT', mine, math.floor(lapses))
return lease > 0 and 'taken' or 'waits'
