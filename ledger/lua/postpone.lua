-- Take an overdue job to look at it, and make it due again later.
-- ARGV: id, time (ms) until the job is due again, newest record version that the caller can read
-- Returns 1 where the job was due: of several sweeps only the first gets it. A job with a newer record stays due, for a
-- sweep that can read it.
local id = ARGV[1]
local now = now_ms()
local due = redis.call('ZSCORE', due_key(), id)
if not due or tonumber(due) > now then return 0 end
local state, owner, version = unpack(redis.call('HMGET', job_key(id), 'state', 'owner', 'version'))
if state and tonumber(version) > tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', due_key(), now + ARGV[2], id)
if not state then
  redis.call('ZREM', due_key(), id)
  return 0
end
if owner and owner ~= '' then lapse(id, now) end
return 1
