-- Change the state of a job.
-- ARGV: id, token ('' = unfenced), new state, the state that the job must be in ('' = any that leads to the new one),
--       time (ms) until the sweep looks at the job ('' = unchanged), fields to write (JSON),
--       time to keep the ended record (s), the settings' budgets (JSON)
-- Returns the record, and the ids of the jobs that share its end or take its place.
local id, token, to = ARGV[1], ARGV[2], ARGV[3]
local key = job_key(id)
local state, held = unpack(redis.call('HMGET', key, 'state', 'token'))
if not state then return { 'missing' } end
-- The caller does not know the outcome of the paid call, but a webhook has brought it meanwhile.
local adopted = to == 'unknown' and (redis.call('HGET', key, 'prediction') or '') ~= ''
if adopted then to = 'running' end
if token ~= '' and token ~= held then return { 'lost', state } end
-- The holder repeats the same move: its first reply was lost.
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
