-- ARGV: how many at most, ms for which the caller takes them up, ms that an answer which has not lapsed is still
-- remembered for
-- Answers { id, answer, id, answer, ... }: those that nobody has taken up, or not in the time that they said.
local now, taken = now_ms(), {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', answers_key(), '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local answer = redis.call('GET', answer_key(id))
  if answer and answer ~= '' and redis.call('PTTL', answer_key(id)) > tonumber(ARGV[3]) then
    redis.call('ZADD', answers_key(), now + ARGV[2], id)
    table.insert(taken, id)
    table.insert(taken, answer)
  else
    redis.call('ZREM', answers_key(), id)
    redis.call('SET', answer_key(id), '', 'XX', 'KEEPTTL')
  end
end
return taken
