-- ARGV: id, token, keep the ended record for (s), why nobody has heard it ('' = somebody has).
-- The chat was given the end of a failed or cancelled job, or cannot be given it.
local id = ARGV[1]
local key = job_key(id)
if redis.call('HGET', key, 'token') ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
trace(id, now, ARGV[4] == '' and 'told' or 'unheard')
if ARGV[4] ~= '' then count(COUNTERS.unheard(ARGV[4], redis.call('HGET', key, 'kind'))) end
redis.call('HSET', key, 'owner', '')
close(id, now, ARGV[3])
return { 'told' }
