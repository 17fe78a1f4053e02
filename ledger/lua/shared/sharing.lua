-- Jobs that share the result of another job, and what happens to them when that job ends.

-- The fields of a result or a failure that the sharing jobs get too.
local SHARED = { 'artifact', 'mime', 'size', 'failure', 'ours' }

-- Give the result or the failure of a job to all jobs that share it. Return their ids.
local function settle(id, to, now)
  local digest = redis.call('HGET', job_key(id), 'digest')
  if digest and redis.call('GET', inflight_key(digest)) == id then redis.call('DEL', inflight_key(digest)) end
  local settled = {}
  for _, follower in ipairs(redis.call('ZRANGE', followers_key(id), 0, -1)) do
    if redis.call('HGET', job_key(follower), 'state') == 'sharing' then
      for _, field in ipairs(SHARED) do
        local value = redis.call('HGET', job_key(id), field)
        if value then redis.call('HSET', job_key(follower), field, value) end
      end
      enter(follower, 'sharing', to, now, 'job:' .. id)
      redis.call('ZADD', due_key(), now, follower)
      table.insert(settled, follower)
    end
  end
  redis.call('DEL', followers_key(id))
  return settled
end

-- Fail a job that shared a cancelled one, as no budget has room to make it.
local function turn_out(id, leader, lack, now)
  redis.call('HSET', job_key(id), 'failure', 'over_budget', 'ours', '1', 'doubtful', '0')
  count_lack(lack)
  enter(id, 'sharing', 'failed', now, 'job:' .. leader)
  redis.call('ZADD', due_key(), now, id)
end

-- Put the first of the jobs that share a cancelled job in its place: the heir, which inherits the prediction. Without a
-- prediction the heir needs room in its own budgets (`limits`); where none of the jobs has room, they all fail.
-- `from` is the state that the cancelled job was in. Return the heir's id, or nil.
local function bequeath(id, from, now, limits)
  local digest, prediction = unpack(redis.call('HMGET', job_key(id), 'digest', 'prediction'))
  local made = prediction and prediction ~= ''
  local followers, vips = {}, 0
  for _, follower in ipairs(redis.call('ZRANGE', followers_key(id), 0, -1)) do
    local state, tier = unpack(redis.call('HMGET', job_key(follower), 'state', 'tier'))
    if state == 'sharing' then
      -- If the heir has to wait in its lane again, a VIP goes first, so that no VIP waits for a regular user's job.
      local first = not made and tier == 'vip'
      if first then vips = vips + 1 end
      table.insert(followers, first and vips or #followers + 1, follower)
    end
  end
  redis.call('DEL', followers_key(id))
  local heir, lack
  for _, follower in ipairs(followers) do
    lack = not made and reserve(follower, now, limits)
    if not lack then
      heir = follower
      break
    end
  end
  for _, follower in ipairs(followers) do
    if not heir then turn_out(follower, id, lack, now)
    elseif follower ~= heir then redis.call('ZADD', followers_key(heir), now, follower) end
  end
  if digest and redis.call('GET', inflight_key(digest)) == id then
    if heir then redis.call('SET', inflight_key(digest), heir) else redis.call('DEL', inflight_key(digest)) end
  end
  if not heir then return nil end
  if made then
    local submitted, order = unpack(redis.call('HMGET', job_key(id), 'at:running', 'order'))
    redis.call('HSET', job_key(heir), 'prediction', prediction, 'order', order or '')
    redis.call('SET', prediction_key(prediction), heir)
    redis.call('HDEL', job_key(heir), 'price')
    enter(heir, 'sharing', 'running', now, 'job:' .. id)
    -- The deadline counts from the submission.
    redis.call('HSET', job_key(heir), 'at:running', submitted or now, 'owner', '')
  else
    local lane, turn, accepted = unpack(redis.call('HMGET', job_key(heir), 'lane', 'turn', 'at:accepted'))
    enter(heir, 'sharing', 'queued', now, 'job:' .. id)
    redis.call('ZADD', waiting_key(lane), turn, heir)
    redis.call('ZADD', since_key(lane), accepted, heir)
  end
  redis.call('ZADD', due_key(), now, heir)
  return heir
end
