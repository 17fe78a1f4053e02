-- Find overdue jobs.
-- ARGV: how many at most, newest record version that the caller can read
-- Returns the ids of overdue jobs, the longest overdue first. Jobs whose record only a newer release can read are left
-- to that release.
local PAGE, PAGES = 100, 100
local most, newest, now = tonumber(ARGV[1]), tonumber(ARGV[2]), now_ms()
local found = {}
for page = 0, PAGES - 1 do
  local ids = redis.call('ZRANGEBYSCORE', due_key(), '-inf', now, 'LIMIT', page * PAGE, PAGE)
  for _, id in ipairs(ids) do
    if #found == most then return found end
    if tonumber(redis.call('HGET', job_key(id), 'version') or 0) <= newest then table.insert(found, id) end
  end
  if #ids < PAGE then break end
end
return found
