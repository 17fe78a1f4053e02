-- Start a draft.
-- ARGV: id, message that shows the progress, time (ms) after which the first turn is overdue
-- Returns 'begun', 'gone' (no such draft), 'again' (it was started before) or 'busy' (another broadcast is running).
local id = ARGV[1]
local key = broadcast_key(id)
local phase = redis.call('HGET', key, 'phase')
if not phase then return 'gone' end
if phase ~= 'draft' then return 'again' end
local other = redis.call('GET', broadcasting_key())
if other and redis.call('HGET', broadcast_key(other), 'phase') == 'running' then return 'busy' end
redis.call('SET', broadcasting_key(), id)
redis.call('HSET', key, 'phase', 'running', 'message', ARGV[2], 'total', redis.call('ZCARD', people_key()),
  'cursor', 0, 'turn', 1, 'due', now_ms() + ARGV[3])
redis.call('PERSIST', key)
return 'begun'
