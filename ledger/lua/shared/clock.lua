-- The ledger's time: Redis's, which may be put back (by NTP, or as the data has come to another machine). What was put
-- off would then be put off for so much longer, so the ledger goes on from where it was, and is ahead of Redis; from
-- then on it goes a tenth slower until the two agree. ledger/clock.py reads it in the same way.
local function now_ms()
  local t = redis.call('TIME')
  local raw = t[1] * 1000 + math.floor(t[2] / 1000)
  local last, ahead = unpack(redis.call('HMGET', clock_key(), 'last', 'ahead'))
  last, ahead = tonumber(last or raw), tonumber(ahead or 0)
  local passed = raw + ahead - last
  if passed < 0 then
    -- It is written down once in a second, and may have been told since.
    ahead = last + 1000 - raw
  else
    ahead = ahead - math.min(ahead, math.floor(passed / 10))
  end
  local now = raw + ahead
  -- Where Redis takes no writes (its memory is full), the time can still be told.
  if passed < 0 or passed >= 1000 or passed == 0 then
    redis.pcall('HSET', clock_key(), 'last', now, 'ahead', ahead)
  end
  return now
end
