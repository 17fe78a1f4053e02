-- ARGV: id, user, look again in (ms), the settings' budgets (JSON). Answers what became of it, and the id of the job that took its place ('').
local id = ARGV[1]
local key = job_key(id)
local state, user, owner = unpack(redis.call('HMGET', key, 'state', 'user', 'owner'))
if not state then return { 'missing', '' } end
if user ~= ARGV[2] then return { 'foreign', '' } end
if ENDED[state] then return { 'ended', '' } end
if state == 'stored' or state == 'delivering' then return { 'late', '' } end

local now = now_ms()
redis.call('HSET', key, 'cancel', 1)
if WAITING[state] or state == 'sharing' or state == 'unknown' then
  enter(id, state, 'cancelled', now)
  redis.call('ZADD', due_key(), now + ARGV[3], id)
  return { 'cancelled', bequeath(id, state, now, cjson.decode(ARGV[4])) or '' }
end
trace(id, now, 'cancel_wanted')
-- A slot holds it; it cancels at the provider and moves the job itself. One that was put off is taken up for it.
if owner and owner ~= '' then redis.call('PUBLISH', wake_key(owner), 'cancel ' .. id)
else redis.call('ZADD', due_key(), 'XX', now, id) end
return { 'cancelling', '' }
