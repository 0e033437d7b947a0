-- Describes a live node.
--
-- KEYS[1]  <namespace>:node:<id>, a hash; it goes when the node has been silent for a while
-- ARGV[1]  µs after which a silent node is gone
-- ARGV[2]  when the node started, as this script has answered before; or nothing
-- ARGV[3]  µs since it started
-- ARGV     then fields and values: address, admin, version, revision (digest of its configuration), requests (a second),
--          answered and failed (5xx) since it started, origin (file, redis, disk), configuration (its number in Redis), and
--          of its last second errors, p99_us, in_flight, connections, memory (bytes), cpu_us, lag_us (of its event loops)
-- Reply    when the node started: µs of this server's clock
--
-- One clock (STATE.md, promise 5): the node only says how long ago it was. The field `seen` is when it last did.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local started = tonumber(ARGV[2]) or now - tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'started', string.format('%.0f', started), 'seen', string.format('%.0f', now),
  unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1] / 1000))
return string.format('%.0f', started)
