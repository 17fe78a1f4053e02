-- ARGV: id, owner, lease (ms), stage (generate | deliver), newest record version that the caller can read
local id, owner, stage = ARGV[1], ARGV[2], ARGV[4]
local key = job_key(id)
local state, holder, version, told, lane =
  unpack(redis.call('HMGET', key, 'state', 'owner', 'version', 'at:told', 'lane'))
if not state then return { 'missing' } end
if tonumber(version) > tonumber(ARGV[5]) then return { 'newer' } end

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
if held then lapse(id) end
-- Its message was on the broker, whether or not the publisher has come to say so.
if state == 'accepted' then
  enter(id, 'accepted', 'queued', now)
  state = 'queued'
end
if into then enter(id, state, into, now) end
redis.call('HSET', key, 'owner', owner)
redis.call('HINCRBY', key, 'token', 1)
redis.call('ZADD', due_key(), now + ARGV[3], id)
return { 'claimed', redis.call('HGETALL', key) }
