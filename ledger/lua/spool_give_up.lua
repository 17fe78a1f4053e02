-- Acknowledge items unhandled.
-- ARGV: the queue's name, how many at most
-- Returns { number of ids looked at, body, body, ... } with the items that waited or were being handled. They count as
-- handled from now on, for as long as they would have been kept.
local name = ARGV[1]
local ids = redis.call('ZRANGE', spool_key(name), 0, ARGV[2] - 1)
local answer = { #ids }
for _, id in ipairs(ids) do
  local thing = thing_of(name, id)
  if thing then
    redis.call('SET', spooled_key(name, id), '', 'KEEPTTL')
    table.insert(answer, thing.body)
  end
  local lane = thing and thing.lane or id
  remove(name, id, lane, thing and thing.owner or '')
  line_up(name, lane, now_ms(), 0)
end
return answer
