-- ARGV: id, turn ('' = whoever's is overdue), look again in (ms). Answers the number of the next turn, 0 for none.
local key = broadcast_key(ARGV[1])
local phase, turn, due = unpack(redis.call('HMGET', key, 'phase', 'turn', 'due'))
if phase ~= 'running' then return 0 end
if ARGV[2] == '' then
  if tonumber(due) > now_ms() then return 0 end
elseif turn ~= ARGV[2] then
  return 0
end
redis.call('HSET', key, 'due', now_ms() + ARGV[3])
return redis.call('HINCRBY', key, 'turn', 1)
