-- Reads an API key and its consumer: all that a request with a key needs, in one round trip.
--
-- KEYS[1]  <namespace>:key:<sha256>, a hash: consumer, and where set expires (s since 1970), scopes, plan, addresses
-- ARGV[1]  <namespace>:consumer: to read the consumer as well; nothing in a cluster, where it lives in another slot
-- Reply    nothing if there is no such key; else its fields and values, for how many µs it is still good (0: it has
--          ended; -1: for ever), and the consumer's fields and values (nothing: not asked for)
--
-- One clock (STATE.md, promise 5): how long a key is good for is worked out here.
local key = redis.call('HGETALL', KEYS[1])
if #key == 0 then return false end
local consumer, expires
for index = 1, #key, 2 do
  if key[index] == 'consumer' then consumer = key[index + 1] end
  if key[index] == 'expires' then expires = tonumber(key[index + 1]) or 0 end
end
local left = -1
if expires then
  local time = redis.call('TIME')
  left = math.max(0, expires * 1000000 - (time[1] * 1000000 + time[2]))
end
local fields = false
if ARGV[1] ~= '' and consumer then fields = redis.call('HGETALL', ARGV[1] .. consumer) end
return { key, string.format('%.0f', left), fields }
