-- ARGV: id. There is news of a job: the slot that holds it looks at once. Answers whether a process heard it.
local owner = redis.call('HGET', job_key(ARGV[1]), 'owner')
if not owner or owner == '' then return 0 end
return redis.call('PUBLISH', wake_key(owner), 'look ' .. ARGV[1])
