-- ARGV: id, chat
redis.call('ZREM', answers_key(), ARGV[1])
redis.call('ZREM', answers_of_key(ARGV[2]), ARGV[1])
redis.call('SET', answer_key(ARGV[1]), '', 'XX', 'KEEPTTL')
