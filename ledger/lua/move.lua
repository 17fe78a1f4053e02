-- ARGV: id, token ('' = unfenced), new state, the one that it may come from ('' = each that leads to it),
--       look again in (ms, '' = leave the time as it is), fields to write (JSON), keep the ended record for (s),
--       the settings' budgets (JSON)
-- Answers the record, and the ids of the jobs that were settled with it or took its place.
local id, token, to = ARGV[1], ARGV[2], ARGV[3]
local key = job_key(id)
local state, held = unpack(redis.call('HMGET', key, 'state', 'token'))
if not state then return { 'missing' } end
-- A webhook was quicker than the doubt about the paid call: its outcome is known.
local adopted = to == 'unknown' and (redis.call('HGET', key, 'prediction') or '') ~= ''
if adopted then to = 'running' end
if token ~= '' and token ~= held then return { 'lost', state } end
-- The same move again, by the holder itself: its first answer was lost on the way.
if token ~= '' and state == to then return { 'moved', redis.call('HGETALL', key), {} } end
if ARGV[4] ~= '' and ARGV[4] ~= state or not may_enter(state, to) then return { 'illegal', state } end

local fields = cjson.decode(ARGV[6])
if fields.prediction then
  local owner = owner_of(fields.prediction, id)
  if owner then return { 'owned', owner } end
  redis.call('SET', prediction_key(fields.prediction), id)
end
local now = now_ms()
for field, value in pairs(fields) do redis.call('HSET', key, field, value) end
enter(id, state, to, now)
if ARGV[5] ~= '' and not adopted then redis.call('ZADD', due_key(), now + ARGV[5], id) end
local others = {}
if to == 'stored' or to == 'failed' then others = settle(id, to, now) end
if to == 'cancelled' then others = { bequeath(id, state, now, cjson.decode(ARGV[8])) } end
if to == 'delivered' then close(id, now, ARGV[7]) end
return { 'moved', redis.call('HGETALL', key), others }
