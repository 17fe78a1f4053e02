-- Make the slot that holds a job poll the provider at once, as there is news of the job.
-- ARGV: id
-- Returns the number of processes that heard it.
local owner = redis.call('HGET', job_key(ARGV[1]), 'owner')
if not owner or owner == '' then return 0 end
-- A process that is not listening at this moment finds the news with its next heartbeat.
redis.call('HSET', job_key(ARGV[1]), 'news', '1')
return redis.call('PUBLISH', wake_key(owner), 'look ' .. ARGV[1])
