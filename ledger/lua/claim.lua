-- Take the lease of a job, or say why not.
-- ARGV: id, owner, lease (ms), stage (generate | deliver), newest record version that the caller can read,
--       turn ('1' = the lane's next job may be claimed in place of this one),
--       number of crashes after which one more fails a job, the id of this call
-- Returns { 'claimed', record, id, now (ms) } or { reason }.
local id, owner, stage, newest = ARGV[1], ARGV[2], ARGV[4], tonumber(ARGV[5])
local LOOKS = 100

local function readable(one)
  return tonumber(redis.call('HGET', job_key(one), 'version') or 0) <= newest
end

-- The job to claim. A job that is to be continued is claimed itself. In place of a waiting job, or one that needs no
-- worker, the lane's next job is claimed: of its first hundred, the first that the caller can read.
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

-- The call is a repetition: its first reply was lost.
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
  -- The job's message is used up now; the sweep of a newer release publishes another one.
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

-- Of the jobs that crashed with a worker, one may have killed it. Before its last crash each of them is held by a
-- process that holds no other such job. So the job that kills workers is found, and the others survive.
local crashes = tonumber(redis.call('HGET', key, 'crashes') or 0)
if stage == 'generate' and crashes > 0 and crashes == tonumber(ARGV[7]) then
  local other = redis.call('GET', trial_key(owner))
  if other and other ~= id and redis.call('HGET', job_key(other), 'owner') == owner then
    -- The next sweep publishes the job again; there may be another process for it then.
    redis.call('ZADD', due_key(), now + 100, id)
    return { 'trial' }
  end
  redis.call('SET', trial_key(owner), id, 'EX', 86400)
end
-- A claim proves that the job's message was on the broker, even if the publisher has not recorded it yet.
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
