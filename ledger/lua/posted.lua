-- ARGV: id, message, the key that leads from it to the job, keep that for (s), token ('' = it is the status message;
--       otherwise one that was posted in its place, or the end itself, by the holder)
-- A status message is refused ('late') where the chat has been given the end, or may be given another message for it.
local id, message = ARGV[1], ARGV[2]
local key = job_key(id)
local state, held, known, told, anew, sent =
  unpack(redis.call('HMGET', key, 'state', 'token', 'message', 'at:told', 'once:place:1', 'once:fallback'))
if not state then return { 'missing' } end
if ARGV[5] ~= '' and ARGV[5] ~= held then return { 'lost' } end
-- The same again, as the first answer was lost on the way, is no news.
if known ~= message then
  if ARGV[5] == '' and (told or anew or sent) then return { 'late' } end
  redis.call('HSET', key, 'message', message)
  trace(id, now_ms(), 'posted')
end
redis.call('SET', ARGV[3], id, 'EX', ARGV[4])
return { 'posted' }
