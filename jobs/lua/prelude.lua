-- Put in front of every script: the clock, and the one way in which a job changes its state.
-- The key builders (job_key, state_key, ...) stand before this; jobs/scripts.py makes them from jobs/keys.py.

local HELD = { claimed = true, submitting = true, running = true, storing = true, delivering = true }
local WAITING = { accepted = true, queued = true }
local ENDED = { delivered = true, failed = true, cancelled = true }

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- The order in which Redis gives a lane's messages out: priority first (0 is first), then age.
local function waiting_score(priority, ms)
  return priority * 1e14 + ms
end

-- The record is closed: nothing is owed to anybody any more.
local function close(id, now, keep_s)
  redis.call('HSET', job_key(id), 'at:told', now)
  redis.call('ZREM', due_key(), id)
  redis.call('EXPIRE', job_key(id), keep_s)
end

-- Change the state, its stamp, its indexes and its counters together. Held states keep the time at which
-- their lease lapses; any other state ends the lease, and the raised token fences its last holder out.
local function enter(id, from, to, now)
  local key = job_key(id)
  local kind, tier, lane, user = unpack(redis.call('HMGET', key, 'kind', 'tier', 'lane', 'user'))
  redis.call('HSET', key, 'state', to, 'at:' .. to, now)
  redis.call('ZREM', state_key(from), id)
  if WAITING[from] and not WAITING[to] then redis.call('ZREM', waiting_key(lane), id) end
  if ENDED[to] then
    redis.call('ZREM', active_key(user), id)
  else
    redis.call('ZADD', state_key(to), now, id)
  end
  if not HELD[to] then
    redis.call('HSET', key, 'owner', '')
    redis.call('HINCRBY', key, 'token', 1)
  end
  redis.call('HINCRBY', counts_key(), 'jobs:' .. to .. ':' .. kind .. ':' .. tier, 1)
end

-- A lease that ran out rather than being handed back: its worker died over this job, or was stopped.
local function lapse(id)
  redis.call('HSET', job_key(id), 'owner', '')
  redis.call('HINCRBY', job_key(id), 'token', 1)
  redis.call('HINCRBY', job_key(id), 'crashes', 1)
  redis.call('HINCRBY', counts_key(), 'leases_expired', 1)
end
