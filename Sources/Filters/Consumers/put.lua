-- Replaces a consumer, key or plan as a whole: who reads it meanwhile sees the old or the new one, and never half of it.
--
-- KEYS[1]  <namespace>:consumer:<id>, <namespace>:key:<sha256> or <namespace>:plan:<name>, a hash
-- ARGV[1]  when it may be forgotten (s since 1970), or nothing
-- ARGV     then fields and values
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
if ARGV[1] ~= '' then redis.call('EXPIREAT', KEYS[1], ARGV[1]) end
return 1
