-- KEYS: a hold, its bucket
-- ARGV: ms that the other side told us to wait, the bucket's burst and rate (tokens per ms)
-- When the time is over one call may go, and the others follow at the bucket's rate.
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  -- Its length stands in it: take.lua ends one that lasts longer.
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[1])
  redis.call('HSET', KEYS[2], 'level', 1, 'at', ends)
  redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[1] + ARGV[2] / ARGV[3]) + 1000)
end
