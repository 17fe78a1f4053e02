-- Make a job of a restored ledger go on.
-- ARGV: id, when the restored snapshot was taken (ms), whether anything may have happened since ('1'),
--       the job's artifact in the media store: key ('' = none), MIME type, size
-- Returns the state that the job goes on from. A job that was not submitted in the snapshot may have been submitted and
-- paid since. As nobody can tell, its prediction is looked for, and the job is not submitted again.
local id, taken, since = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local key = job_key(id)
local state, prediction = unpack(redis.call('HMGET', key, 'state', 'prediction'))
if not state then return '' end
local now = now_ms()
-- A worker that survived the loss may hold a token from after the snapshot. The new token is above any such token.
redis.call('HSET', key, 'owner', '')
redis.call('HINCRBY', key, 'token', 1000000)
if state == 'sharing' then return state end
redis.call('ZADD', due_key(), now, id)
if not since or ENDED[state] or state == 'stored' or state == 'delivering' then return state end
if ARGV[4] ~= '' then
  redis.call('HSET', key, 'artifact', ARGV[4], 'mime', ARGV[5], 'size', ARGV[6])
  enter(id, state, 'stored', now, nil, true)
  settle(id, 'stored', now)
  return 'stored'
end
if prediction and prediction ~= '' then return state end
-- If the job was submitted, that was after the snapshot, or after the job came into its state.
if redis.call('HEXISTS', key, 'at:submitting') == 0 then
  local entered = tonumber(redis.call('HGET', key, 'at:' .. state) or 0)
  redis.call('HSET', key, 'at:submitting', string.format('%.0f', math.max(taken, entered)))
end
redis.call('HSET', key, 'unsent', '')
enter(id, state, 'unknown', now, nil, true)
return 'unknown'
