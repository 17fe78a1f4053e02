-- Tie a chat message to a job.
-- ARGV: id, message, the key that leads from the message to the job, time to keep that key (s), token ('' = this is
--       the status message; otherwise the holder posted it in place of the status message, or it is the job's end)
-- A status message is refused ('late') where the chat has the job's end, or may be getting another message for it.
local id, message = ARGV[1], ARGV[2]
local key = job_key(id)
local state, held, known, told, anew, sent =
  unpack(redis.call('HMGET', key, 'state', 'token', 'message', 'at:told', 'once:place:1', 'once:fallback'))
if not state then return { 'missing' } end
if ARGV[5] ~= '' and ARGV[5] ~= held then return { 'lost' } end
-- A repetition, after the first reply was lost, changes nothing.
if known ~= message then
  if ARGV[5] == '' and (told or anew or sent) then return { 'late' } end
  redis.call('HSET', key, 'message', message)
  trace(id, now_ms(), 'posted')
end
redis.call('SET', ARGV[3], id, 'EX', ARGV[4])
return { 'posted' }
