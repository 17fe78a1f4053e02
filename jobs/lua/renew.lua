-- ARGV: lease (ms), then id and token of each job held. Answers the ids that are lost and those to be cancelled.
local now = now_ms()
local lost, cancelled = {}, {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  local token, owner, cancel = unpack(redis.call('HMGET', job_key(id), 'token', 'owner', 'cancel'))
  if token == ARGV[i + 1] and owner ~= '' then
    redis.call('ZADD', due_key(), 'XX', now + ARGV[1], id)
    if cancel == '1' then table.insert(cancelled, id) end
  else
    table.insert(lost, id)
  end
end
return { lost, cancelled }
