-- ARGV: id, token ('' = unfenced), fields to write (JSON)
local key = job_key(ARGV[1])
local held = redis.call('HGET', key, 'token') or (redis.call('EXISTS', key) == 1 and '0')
if not held then return { 'missing' } end
if ARGV[2] ~= '' and ARGV[2] ~= held then return { 'lost' } end
for field, value in pairs(cjson.decode(ARGV[3])) do redis.call('HSET', key, field, value) end
return { 'noted' }
