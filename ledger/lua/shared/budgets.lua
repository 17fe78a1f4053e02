-- What jobs may cost in a day and in a month (UTC), and what they do cost, in whole millionths of a dollar. A job's
-- price is reserved at its admission, in the day and month of that moment. It counts as used when the provider has the
-- job, and is released where the job ends before that.
-- `limits`: the budgets of the settings, by period and name. Budgets that admins have set in the chat override them.

-- Return year, month and day (UTC) of a time (ms), in the proleptic Gregorian calendar.
local function date_of(ms)
  local days = math.floor(ms / 86400000) + 719468
  local era = math.floor(days / 146097)
  local of_era = days - era * 146097
  local year = math.floor(
    (of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local shifted = math.floor((5 * of_year + 2) / 153)
  local month = shifted < 10 and shifted + 3 or shifted - 9
  return era * 400 + year + (month <= 2 and 1 or 0), month, of_year - math.floor((153 * shifted + 2) / 5) + 1
end

-- Return the day and the month of a time (ms), as the keys name them.
local function spans_of(ms)
  local year, month, day = date_of(ms)
  return { day = string.format('%04d-%02d-%02d', year, month, day), month = string.format('%04d-%02d', year, month) }
end

-- Return the names of the budgets that a job counts in, besides its user's, from the narrowest to the widest.
local function names_of(job)
  local names = { job.model, job.kind, job.tier, 'all' }
  if (job.provider or '') ~= '' then table.insert(names, 2, job.provider) end
  return names
end

-- Add to the sums of a job's budgets: `committed` is reserved or used, `used` is used only.
local function book(job, spans, committed, used)
  for period, span in pairs(spans) do
    local key, people = budget_key(span), budget_people_key(span)
    for _, name in ipairs(names_of(job)) do
      if committed ~= 0 then redis.call('HINCRBY', key, name, committed) end
      if used ~= 0 then redis.call('HINCRBY', key, 'used:' .. name, used) end
    end
    if committed ~= 0 then redis.call('HINCRBY', people, job.user, committed) end
    if used ~= 0 then redis.call('HINCRBY', people, 'used:' .. job.user, used) end
    redis.call('EXPIRE', key, (period == 'day' and 40 or 400) * 86400)
    redis.call('EXPIRE', people, (period == 'day' and 3 or 40) * 86400)
  end
end

-- Return the budget that has no room for a job of this price: its period and name, and whether its limit alone is below
-- the price. Of several it is the one that ends last and covers the most jobs. Return nil where all have room.
local function lacking(job, price, spans, limits)
  local chosen, found = {}, nil
  local flat = redis.call('HGETALL', budgets_key())
  for i = 1, #flat, 2 do chosen[flat[i]] = flat[i + 1] end
  local function set(period, name) return chosen[period .. ':' .. name] or (limits[period] or {})[name] end
  for _, period in ipairs({ 'day', 'month' }) do
    local function hold(name, key, field)
      local limit = tonumber(set(period, name))
      if limit and tonumber(redis.call('HGET', key, field) or 0) + price > limit then
        found = { period, name, price > limit and 1 or 0 }
      end
    end
    for _, name in ipairs(names_of(job)) do hold(name, budget_key(spans[period]), name) end
    local vips = job.tier == 'vip' and set(period, 'vip-person')
    hold(vips and 'vip-person' or 'person', budget_people_key(spans[period]), job.user)
  end
  return price > 0 and found or nil
end

local function money_of(id)
  local fields = { 'kind', 'tier', 'provider', 'model', 'user', 'price', 'reserved', 'reserved_in' }
  local values, job = redis.call('HMGET', job_key(id), unpack(fields)), {}
  for i, field in ipairs(fields) do job[field] = values[i] or nil end
  return job
end

-- Reserve the price of a job that is made after all. Return the budget that has no room for it; then nothing is
-- reserved.
local function reserve(id, now, limits)
  local job, spans = money_of(id), spans_of(now)
  local price = math.floor((tonumber(job.price) or 0) * 1000000 + 0.5)
  local lack = lacking(job, price, spans, limits)
  if lack or price == 0 then return lack end
  book(job, spans, price, 0)
  redis.call('HSET', job_key(id), 'reserved', price, 'reserved_in', spans.day .. ' ' .. spans.month)
  return nil
end

-- Turn what was reserved for a job into used (`paid`) or release it, once. The sum used is the price recorded with the
-- paid call, as the price may have changed since the admission.
local function settle_price(id, paid)
  local job = money_of(id)
  local reserved = tonumber(job.reserved or 0)
  if reserved == 0 then return end
  local day, month = string.match(job.reserved_in, '(%S+) (%S+)')
  local billed = paid and (job.price and math.floor(job.price * 1000000 + 0.5) or reserved) or 0
  redis.call('HSET', job_key(id), 'reserved', 0, 'billed', billed)
  book(job, { day = day, month = month }, billed - reserved, billed)
end

-- Increment the counter of refusals by the budget that had no room.
local function count_lack(lack)
  redis.call('HINCRBY', counts_key(), COUNTERS.over_budget(lack[1], lack[2]), 1)
end
