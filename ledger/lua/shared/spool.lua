-- The durable queue. An item waits in the lane of its group, or in a lane of its own where it has no group. (These
-- lanes are not the lanes of jobs.) Only the first item of a lane is handed out. So the items of a group are handled
-- one after the other, in the order in which they were enqueued, whichever processes handle them. The lanes whose first
-- item can be handed out stand in one line.

-- Return the item of an id: its group, lane, owner and body; nil where it was acknowledged or has expired.
local function thing_of(name, id)
  local kept = redis.call('GET', spooled_key(name, id))
  if not kept or kept == '' then return nil end
  local line = string.find(kept, '\n', 1, true)
  local whose = string.sub(kept, 1, line - 1)
  local tab = string.find(whose, '\t', 1, true)
  local group = tab and string.sub(whose, 1, tab - 1) or whose
  return {
    body = string.sub(kept, line + 1),
    group = group,
    lane = group ~= '' and group or id,
    owner = tab and string.sub(whose, tab + 1) or '',
  }
end

-- Put a lane in line, or take it out. A lane stands in line exactly while its first item waits: is neither handed out
-- nor put off. Its turn comes after those of the lanes before it. It is later by `share` ms for each other item that
-- the owner has in the queue.
local function line_up(name, lane, now, share)
  local id, at
  repeat
    id = redis.call('ZRANGE', spool_of_key(name, lane), 0, 0)[1]
    at = id and redis.call('ZSCORE', spool_key(name), id)
    if id and not at then redis.call('ZREM', spool_of_key(name, lane), id) end
  until at or not id
  if not id or at ~= 'inf' then
    redis.call('ZREM', spool_line_key(name), lane)
    return
  end
  if redis.call('ZSCORE', spool_line_key(name), lane) then return end
  local thing = thing_of(name, id)
  local others = thing and thing.owner ~= '' and redis.call('ZCARD', spool_by_key(name, thing.owner)) - 1 or 0
  local turn = now + math.min(LONGEST_SHARE, math.max(0, others) * tonumber(share or 0))
  redis.call('ZADD', spool_line_key(name), string.format('%.3f', turn), lane)
end

-- Delete an item from all indexes: it was handled, or never will be.
local function remove(name, id, lane, owner)
  redis.call('ZREM', spool_key(name), id)
  redis.call('HDEL', spool_tries_key(name), id)
  redis.call('ZREM', spool_of_key(name, lane), id)
  if owner ~= '' then redis.call('ZREM', spool_by_key(name, owner), id) end
end

-- Hand out the first items of the lanes whose turn it is, at most `most`, with a lease of `lease` ms. Return { id,
-- body, group, owner, id, body, ... }.
local function hand_out(name, now, most, lease, remembered, tries, share)
  local taken = {}
  -- A dropped item does not count against `most`; the number of dropped items is bounded too.
  for _ = 1, most + 100 do
    local lane = #taken < 4 * most and redis.call('ZRANGE', spool_line_key(name), 0, 0)[1]
    if not lane then break end
    redis.call('ZREM', spool_line_key(name), lane)
    local id = redis.call('ZRANGE', spool_of_key(name, lane), 0, 0)[1]
    if id then
      local thing = thing_of(name, id)
      local lapsed = not thing or redis.call('PTTL', spooled_key(name, id)) <= tonumber(remembered)
      if not lapsed and redis.call('HINCRBY', spool_tries_key(name), id, 1) <= tonumber(tries) then
        redis.call('ZADD', spool_key(name), now + lease, id)
        for _, part in ipairs({ id, thing.body, thing.group, thing.owner }) do table.insert(taken, part) end
      else
        if thing then count(COUNTERS.dropped(name)) end
        remove(name, id, lane, thing and thing.owner or '')
        redis.call('SET', spooled_key(name, id), '', 'XX', 'PX', remembered)
        line_up(name, lane, now, share)
      end
    end
  end
  return taken
end
