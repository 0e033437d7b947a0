-- Adds to what a fill has brought so far, for followers on other nodes that wait for it. Also when a purge has taken the fill
-- away: those who follow it came before the purge.
--
-- KEYS[1]  <namespace>:fill:{<key>}:<token>: a list of a head, parts of the body, and an end
-- ARGV[1]  how long the list lives, ms
-- ARGV[2]  channel of events; ARGV[3] what to publish there, so that followers look
-- then     what is added; nothing, to keep the list alive
--
-- Reply: 1.

if #ARGV > 3 then
  redis.call('RPUSH', KEYS[1], unpack(ARGV, 4))
  redis.call('PUBLISH', ARGV[2], ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
