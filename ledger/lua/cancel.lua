-- Cancel a job for its user.
-- ARGV: id, user, time (ms) until the sweep looks at the job, the settings' budgets (JSON)
-- Returns the outcome, and the id of the job that took the cancelled one's place ('' for none).
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
-- The slot that holds the job cancels at the provider and ends the job. A job that was put off is due now for that.
if owner and owner ~= '' then redis.call('PUBLISH', wake_key(owner), 'cancel ' .. id)
else redis.call('ZADD', due_key(), 'XX', now, id) end
return { 'cancelling', '' }
