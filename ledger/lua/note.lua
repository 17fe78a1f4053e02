-- Write fields of a job without changing its state.
-- ARGV: id, token ('' = unfenced), fields to write (JSON)
local key = job_key(ARGV[1])
local held = redis.call('HGET', key, 'token') or (redis.call('EXISTS', key) == 1 and '0')
if not held then return { 'missing' } end
if ARGV[2] ~= '' and ARGV[2] ~= held then return { 'lost' } end
local fields = cjson.decode(ARGV[3])
-- The paid call is about to be repeated, but a webhook has brought news of the last one after all.
local prediction = redis.call('HGET', key, 'prediction')
if fields.unsent == '' and prediction and prediction ~= '' then return { 'submitted', prediction } end
for field, value in pairs(fields) do redis.call('HSET', key, field, value) end
if fields.unsent then trace(ARGV[1], now_ms(), fields.unsent == '1' and 'unsent' or 'submitting') end
if fields.message then trace(ARGV[1], now_ms(), fields.moved and 'moved' or 'posted') end
return { 'noted' }
