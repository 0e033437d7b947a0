-- Tells all nodes of a change of a consumer, key or plan.
--
-- KEYS[1]  <namespace>:consumers:version, a string: how many changes there were
-- ARGV[1]  <namespace>:events, the channel
-- ARGV[2]  what has changed: `key <sha256>`, `consumer <id>`, `plan <name>`
-- Reply    the version that the change made
--
-- Counted and told in one step: a node that hears of all versions knows all changes, and one that does not knows that.
local version = redis.call('INCR', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', version))
return version
