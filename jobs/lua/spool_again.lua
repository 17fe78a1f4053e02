-- ARGV: the spool's name, id, ms after which whoever has room takes it up. It has killed nobody.
redis.call('ZADD', spool_key(ARGV[1]), 'XX', now_ms() + ARGV[3], ARGV[2])
redis.call('HDEL', spool_tries_key(ARGV[1]), ARGV[2])
