-- ARGV: id. There is news of a job: the slot that holds it looks at once. Answers whether a process heard it.
local owner = redis.call('HGET', job_key(ARGV[1]), 'owner')
if not owner or owner == '' then return 0 end
-- A process that is not listening at this moment finds it with its next beat.
redis.call('HSET', job_key(ARGV[1]), 'news', '1')
return redis.call('PUBLISH', wake_key(owner), 'look ' .. ARGV[1])
