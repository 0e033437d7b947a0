-- Tells that a node is alive, and answers how many are.
--
-- KEYS[1]  <namespace>:nodes, a sorted set: member = node id, score = when it was last seen (µs, Redis' clock)
-- ARGV[1]  this node's id
-- ARGV[2]  µs after which a silent node is no longer counted
-- Reply    the number of live nodes, this one included
--
-- One clock (STATE.md, promise 5): the node's own time does not enter.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[2]))
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] / 1000))
return redis.call('ZCARD', KEYS[1])
