-- ARGV: id, owner, lease (ms), stage (generate | deliver), newest record version that the caller can read,
--       turn ('1' = the lane's next job may be claimed in the place of this one),
--       crashes after which one more fails a job, a name for this call
local id, owner, stage, newest = ARGV[1], ARGV[2], ARGV[4], tonumber(ARGV[5])
local LOOKS = 100

local function readable(one)
  return tonumber(redis.call('HGET', job_key(one), 'version') or 0) <= newest
end

-- A job to be gone on with is itself meant; a waiting one, or one that needs nobody any more, stands for
-- whichever has its turn in the lane: of the first hundred the first that the caller can read.
local function next_of(named)
  local state, holder, lane = unpack(redis.call('HMGET', job_key(named), 'state', 'owner', 'lane'))
  local lapsed = (holder or '') == '' or tonumber(redis.call('ZSCORE', due_key(), named) or 0) <= now_ms()
  if not state or (HELD[state] and state ~= 'delivering' or state == 'unknown') and lapsed then return named end
  local first = redis.call('ZRANGE', waiting_key(lane), 0, 0)[1]
  if not first or readable(first) then return first or named end
  for _, one in ipairs(redis.call('ZRANGE', waiting_key(lane), 1, LOOKS - 1)) do
    if readable(one) then return one end
  end
  return first
end

-- The same call again: its first answer was lost on the way.
local got = redis.call('GET', claimed_key(ARGV[8]))
if got then
  local call, holder = unpack(redis.call('HMGET', job_key(got), 'claim', 'owner'))
  if call == ARGV[8] and holder == owner then
    return { 'claimed', redis.call('HGETALL', job_key(got)), got, now_ms() }
  end
end

if ARGV[6] == '1' then id = next_of(id) end
local key = job_key(id)
local state, holder, version, told, lane =
  unpack(redis.call('HMGET', key, 'state', 'owner', 'version', 'at:told', 'lane'))
if not state then return { 'missing' } end
if tonumber(version) > newest then
  -- This message is used up; the sweep of a newer release publishes another one.
  if (holder or '') == '' then redis.call('ZADD', due_key(), 'XX', now_ms() + 1000, id) end
  return { 'newer' }
end

local into
if stage == 'generate' then
  if WAITING[state] then
    if redis.call('SISMEMBER', paused_key(), lane) == 1 then return { 'paused' } end
    into = 'claimed'
  elseif state ~= 'unknown' and (not HELD[state] or state == 'delivering') then return { 'idle' } end
else
  if state == 'stored' then into = 'delivering'
  elseif told or not (state == 'delivering' or state == 'failed' or state == 'cancelled') then return { 'idle' } end
end

local now = now_ms()
local held = holder and holder ~= ''
if held and tonumber(redis.call('ZSCORE', due_key(), id) or 0) > now then return { 'taken' } end
if held then lapse(id, now) end

-- Of the jobs that died with a worker one may have killed it. Before the last crash each gets a process where
-- no other job stands so: the guilty one is found out, and the others live.
local crashes = tonumber(redis.call('HGET', key, 'crashes') or 0)
if stage == 'generate' and crashes > 0 and crashes == tonumber(ARGV[7]) then
  local other = redis.call('GET', trial_key(owner))
  if other and other ~= id and redis.call('HGET', job_key(other), 'owner') == owner then
    -- With the next sweep: its turn may have come by then.
    redis.call('ZADD', due_key(), now + 100, id)
    return { 'trial' }
  end
  redis.call('SET', trial_key(owner), id, 'EX', 86400)
end
-- Its message was on the broker, whether or not the publisher has come to say so.
if state == 'accepted' then
  enter(id, 'accepted', 'queued', now)
  state = 'queued'
end
if into then
  enter(id, state, into, now, owner)
else
  if HELD[state] then count(COUNTERS.resumed(stage)) end
  trace(id, now, ENDED[state] and 'telling' or 'resumed', owner)
end
redis.call('HSET', key, 'owner', owner, 'claim', ARGV[8])
redis.call('SET', claimed_key(ARGV[8]), id, 'PX', ARGV[3])
redis.call('HINCRBY', key, 'token', 1)
redis.call('ZADD', due_key(), now + ARGV[3], id)
return { 'claimed', redis.call('HGETALL', key), id, now }
