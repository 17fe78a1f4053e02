-- Renew the leases of a process.
-- ARGV: lease (ms), then id and token of each job that the process holds
-- Returns the ids of jobs that are lost, of those to be cancelled, and of those that there is news of (wake.lua).
local now = now_ms()
local lost, cancelled, news = {}, {}, {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  local token, owner, cancel, heard, state =
    unpack(redis.call('HMGET', job_key(id), 'token', 'owner', 'cancel', 'news', 'state'))
  if token == ARGV[i + 1] and owner ~= '' then
    redis.call('ZADD', due_key(), 'XX', now + ARGV[1], id)
    if cancel == '1' then table.insert(cancelled, id) end
    -- While the job is submitting, there is no prediction to poll yet; after `running` it was polled.
    if heard and state ~= 'submitting' then
      redis.call('HDEL', job_key(id), 'news')
      if state == 'running' then table.insert(news, id) end
    end
  else
    table.insert(lost, id)
  end
end
return { lost, cancelled, news }
