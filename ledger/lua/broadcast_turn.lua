-- End a turn and begin the next one.
-- ARGV: id, turn ('' = the present one, if it is overdue), time (ms) after which the next turn is overdue
-- Returns the number of the next turn, 0 where none begins.
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
