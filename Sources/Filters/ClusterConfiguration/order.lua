-- What a node is to run.
--
-- KEYS     see revisions.lua
-- ARGV[1]  the node; [2] the number that it has already, whose text it does not need
-- Reply    {number, candidate or live, µs for which that is certain, text or nothing}; nothing: no revision is live
local trial, node, left = candidate()
local number, state = redis.call('HGET', root, 'live'), 'live'
if trial and node == ARGV[1] then number, state = trial, 'candidate' end
if not number then return false end
local text = ''
if number ~= ARGV[2] then text = redis.call('HGET', key(number), 'text') or '' end
return {number, state, stamp(state == 'candidate' and left or 0), text}
