-- Makes a revision live: every node takes it.
--
-- KEYS     see revisions.lua
-- ARGV[1]  its number; [2] `rollback` if what is live now is not to count as good any more, else nothing
-- ARGV[3]  channel of events
-- Reply    the number that was live before, or nothing; an error if there is no such revision
local number = ARGV[1]
if redis.call('HEXISTS', key(number), 'text') == 0 then return redis.error_reply('NOREVISION there is no revision ' .. number) end
local trial = redis.call('HGET', root, 'candidate')
if trial and trial ~= number then dropCandidate('withdrawn') end
redis.call('HDEL', root, 'candidate', 'canary', 'candidate_until')
local live = redis.call('HGET', root, 'live')
if live == number then
  setState(number, 'live')
  publish(ARGV[3], number, 'live')
  return live
end
if live then setState(live, ARGV[2] == 'rollback' and 'rolled back' or 'earlier') end
redis.call('HSET', key(number), 'promoted', stamp(now))
redis.call('HSET', root, 'live', number, 'changed', stamp(now))
setState(number, 'live')
local before = redis.call('HGET', root, 'last_good')
local good = (ARGV[2] ~= 'rollback' and live) or lastGood(number)
if before and before ~= good and before ~= number then setState(before, 'earlier') end
if good then
  redis.call('HSET', root, 'last_good', good)
  setState(good, 'last good')
else
  redis.call('HDEL', root, 'last_good')
end
publish(ARGV[3], number, 'live')
return live
