-- Stores a revision, as the candidate that one node tries.
--
-- KEYS     see revisions.lua
-- ARGV[1]  text; [2] digest; [3] author; [4] note; [5] the node that tries it, or nothing; [6] µs until it lapses
-- ARGV[7]  channel of events
-- Reply    its number; or, if another candidate is being tried, {number, node, µs it has left}
local number, node, left, lapsed = candidate()
if number then return {number, node, stamp(left)} end
if lapsed then dropCandidate('withdrawn') end
local new = stamp(redis.call('HINCRBY', root, 'last', 1))
redis.call('HSET', key(new), 'text', ARGV[1], 'digest', ARGV[2], 'author', ARGV[3], 'note', ARGV[4],
  'pushed', stamp(now), 'state', 'candidate')
redis.call('EXPIRE', key(new), life)
redis.call('ZADD', list, new, new)
if ARGV[5] ~= '' then
  redis.call('HSET', root, 'candidate', new, 'canary', ARGV[5], 'candidate_until', stamp(now + ARGV[6]))
end
prune()
publish(ARGV[7], new, 'candidate')
return tonumber(new)
