-- Ends the trial of a candidate: its node goes back to the live revision.
--
-- KEYS     see revisions.lua
-- ARGV[1]  its number; nothing: whichever is tried; [2] channel of events
-- Reply    the number, or nothing if it is not being tried
local number = redis.call('HGET', root, 'candidate')
if not number or (ARGV[1] ~= '' and ARGV[1] ~= number) then return false end
dropCandidate('withdrawn')
publish(ARGV[2], number, 'withdrawn')
return number
