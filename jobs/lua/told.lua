-- ARGV: id, token, keep the ended record for (s). The chat was given the end of a failed or cancelled job.
local id = ARGV[1]
local key = job_key(id)
if redis.call('HGET', key, 'token') ~= ARGV[2] then return { 'lost' } end
local now = now_ms()
trace(id, now, 'told')
redis.call('HSET', key, 'owner', '')
close(id, now, ARGV[3])
return { 'told' }
