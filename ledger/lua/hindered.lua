-- ARGV: id, token, errors of ours to count (0 or 1). The holder was kept from going on in this state.
-- Answers for how long (ms) that has been so, from the first time on, and how many errors of ours there were.
local key = job_key(ARGV[1])
local token, state = unpack(redis.call('HMGET', key, 'token', 'state'))
if token ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
redis.call('HSETNX', key, 'hindered:' .. state, now)
local since = tonumber(redis.call('HGET', key, 'hindered:' .. state))
return { 'hindered', math.max(0, now - since), redis.call('HINCRBY', key, 'errors:' .. state, ARGV[3]) }
