-- Hold all calls of a bucket, as the other side told us to wait. A longer hold stays as it is.
-- KEYS: the hold, its bucket
-- ARGV: time to wait (ms), the bucket's burst and rate (tokens per ms)
-- After that time one call may go, and the others follow at the bucket's rate.
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  -- The value is the hold's length: take.lua shortens a hold that would last longer.
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[1])
  redis.call('HSET', KEYS[2], 'level', 1, 'at', ends)
  redis.call('PEXPIRE', KEYS[2], math.ceil(ARGV[1] + ARGV[2] / ARGV[3]) + 1000)
end
