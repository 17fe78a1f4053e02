-- Take a mark of a job.
-- ARGV: id, mark, caller
-- Returns 1 to the first caller with this mark, however often it asks; 0 to all others.
local key, mark = job_key(ARGV[1]), 'once:' .. ARGV[2]
if redis.call('HSETNX', key, mark, ARGV[3]) == 1 then
  redis.call('HSET', key, 'once_at:' .. ARGV[2], now_ms())
  return 1
end
return redis.call('HGET', key, mark) == ARGV[3] and 1 or 0
