-- Renews a fill, or ends it without a response.
--
-- KEYS[1]  <namespace>:cache:{<key>}: the index of the resource's variants
-- KEYS[2]  <namespace>:fill:{<key>}
-- ARGV[1]  the fill's token: only its owner can
-- ARGV[2]  renew; failed: whoever comes next may try; held: nobody may for a while; pass: nobody is to wait for anybody
-- ARGV[3]  for how long, ms
-- ARGV[4]  channel of events; ARGV[5] what to publish there
--
-- Reply: 1, or 0 if the fill is somebody else's; of renew 2 if followers on other nodes wait for it.

if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local mode, duration = ARGV[2], tonumber(ARGV[3])
if mode == 'renew' then
  redis.call('PEXPIRE', KEYS[2], duration)
  return 1 + redis.call('EXISTS', KEYS[2] .. ':awaited')
end
if mode == 'held' then
  redis.call('SET', KEYS[2], 'held:' .. ARGV[1], 'PX', duration)
else
  redis.call('DEL', KEYS[2])
end
if mode == 'pass' then
  local time = redis.call('TIME')
  local reply = redis.pcall('HSET', KEYS[1], 'pass', string.format('%.0f', time[1] * 1000000 + time[2] + duration * 1000))
  if type(reply) == 'table' and reply.err then
    redis.call('UNLINK', KEYS[1])
  elseif redis.call('PTTL', KEYS[1]) < duration then
    redis.call('PEXPIRE', KEYS[1], duration)
  end
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
