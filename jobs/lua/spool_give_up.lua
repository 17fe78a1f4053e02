-- ARGV: the spool's name, how many at most
-- Answers { how many were looked at, body, body, ... }: those that waited, or were being dealt with. They count as
-- dealt with from now on, for as long as they would have been kept.
local name = ARGV[1]
local ids = redis.call('ZRANGE', spool_key(name), 0, ARGV[2] - 1)
local answer = { #ids }
for _, id in ipairs(ids) do
  local kept = redis.call('GET', spooled_key(name, id))
  if kept and kept ~= '' then
    local line = string.find(kept, '\n', 1, true)
    redis.call('ZREM', spool_of_key(name, string.sub(kept, 1, line - 1)), id)
    redis.call('SET', spooled_key(name, id), '', 'KEEPTTL')
    table.insert(answer, string.sub(kept, line + 1))
  end
  redis.call('ZREM', spool_key(name), id)
  redis.call('HDEL', spool_tries_key(name), id)
end
return answer
