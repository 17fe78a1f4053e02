-- Return the ledger's time (ms). It is Redis's time, which may be set back: by NTP, or when the data moves to another
-- machine. Then everything that was put off would be put off for so much longer. So the ledger's clock goes on from
-- where it was, ahead of Redis's clock, and runs a tenth slower until the two agree. ledger/clock.py does the same.
local function now_ms()
  local t = redis.call('TIME')
  local raw = t[1] * 1000 + math.floor(t[2] / 1000)
  local last, ahead = unpack(redis.call('HMGET', clock_key(), 'last', 'ahead'))
  last, ahead = tonumber(last or raw), tonumber(ahead or 0)
  local passed = raw + ahead - last
  if passed < 0 then
    -- The time is stored once a second, so a time up to a second later may have been given out.
    ahead = last + 1000 - raw
  else
    ahead = ahead - math.min(ahead, math.floor(passed / 10))
  end
  local now = raw + ahead
  -- Where Redis takes no writes (its memory is full), the clock must still work.
  if passed < 0 or passed >= 1000 or passed == 0 then
    redis.pcall('HSET', clock_key(), 'last', now, 'ahead', ahead)
  end
  return now
end
