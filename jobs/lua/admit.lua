-- ARGV: id, record (JSON), lanes by kind (JSON), look again in (ms), history size
local id = ARGV[1]
local key = job_key(id)
if redis.call('EXISTS', key) == 1 then return { 'duplicate', redis.call('HGETALL', key) } end

local record = cjson.decode(ARGV[2])
local now = now_ms()
local vip_until = tonumber(redis.call('HGET', vips_key(), record.user) or 0)
record.tier = vip_until > now and 'vip' or 'regular'
record.lane = cjson.decode(ARGV[3])[record.kind][record.tier]
-- Fair shares: the more a user has in hand, the later the broker gives the next one out.
record.priority = math.min(9, 3 * redis.call('ZCARD', active_key(record.user)))
record.state = 'accepted'
record['at:accepted'] = now

for field, value in pairs(record) do redis.call('HSET', key, field, value) end
redis.call('ZADD', state_key('accepted'), now, id)
redis.call('ZADD', waiting_key(record.lane), waiting_score(record.priority, now), id)
redis.call('ZADD', due_key(), now + ARGV[4], id)
redis.call('ZADD', active_key(record.user), now, id)
redis.call('ZADD', history_key(record.user), now, id)
redis.call('ZREMRANGEBYRANK', history_key(record.user), 0, -1 - ARGV[5])
redis.call('HINCRBY', counts_key(), 'jobs:accepted:' .. record.kind .. ':' .. record.tier, 1)
return { 'accepted', redis.call('HGETALL', key) }
