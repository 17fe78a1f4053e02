-- Record that the chat was told of the end of a failed or cancelled job, or cannot be told.
-- ARGV: id, token, time to keep the ended record (s), why the chat could not be told ('' = it was told)
local id = ARGV[1]
local key = job_key(id)
if redis.call('HGET', key, 'token') ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
trace(id, now, ARGV[4] == '' and 'told' or 'unheard')
if ARGV[4] ~= '' then count(COUNTERS.unheard(ARGV[4], redis.call('HGET', key, 'kind'))) end
redis.call('HSET', key, 'owner', '')
close(id, now, ARGV[3])
return { 'told' }
