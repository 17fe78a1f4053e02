-- Record that the holder cannot go on with the job in its present state.
-- ARGV: id, token, number of our errors to add (0 or 1)
-- Returns the time (ms) since this happened first in the state, and the number of our errors in it.
local key = job_key(ARGV[1])
local token, state = unpack(redis.call('HMGET', key, 'token', 'state'))
if token ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
redis.call('HSETNX', key, 'hindered:' .. state, now)
local since = tonumber(redis.call('HGET', key, 'hindered:' .. state))
return { 'hindered', math.max(0, now - since), redis.call('HINCRBY', key, 'errors:' .. state, ARGV[3]) }
