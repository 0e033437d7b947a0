-- The token buckets of the peers: as short as such a script gets, all keys or none, all time Redis' own.
--
-- KEYS[i]  a bucket     ARGV  for each key: capacity, tokens a second     Reply  1 or 0, then the tokens left of each
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local left, admitted = {}, 1
for i, key in ipairs(KEYS) do
  local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local stored = redis.call('HMGET', key, 'tokens', 'updated')
  local tokens = tonumber(stored[1]) or capacity
  local updated = tonumber(stored[2]) or now
  left[i] = math.min(capacity, tokens + math.max(0, now - updated) * rate / 1000000)
  if left[i] < 1 then admitted = 0 end
end
local reply = { admitted }
for i, key in ipairs(KEYS) do
  if admitted == 1 then
    local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    left[i] = left[i] - 1
    redis.call('HSET', key, 'tokens', left[i], 'updated', string.format('%.0f', now))
    redis.call('PEXPIRE', key, math.ceil((capacity - left[i]) / rate * 1000) + 1000)
  end
  reply[i + 1] = math.floor(left[i])
end
return reply
