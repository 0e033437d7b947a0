-- Tells that a node runs a revision, or why it does not.
--
-- KEYS     see revisions.lua
-- ARGV[1]  the node; [2] the number; [3] ok or error; [4] the reason
-- Reply    1; 0: there is no such revision any more
local number = key(ARGV[2])
if redis.call('EXISTS', number) == 0 then return 0 end
local field = 'ack:' .. ARGV[1]
-- As many nodes as anyone runs; ids that come and go must not fill the hash.
if redis.call('HLEN', number) > 1000 and redis.call('HEXISTS', number, field) == 0 then return 1 end
redis.call('HSET', number, field, ARGV[3] .. ' ' .. stamp(now) .. (ARGV[4] ~= '' and ' ' .. ARGV[4] or ''))
return 1
