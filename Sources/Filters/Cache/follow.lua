-- Reads what another node's fill has brought (flow.lua).
--
-- KEYS[1]  <namespace>:fill:{<key>}:<token>
-- ARGV[1]  how many elements the caller has read
-- ARGV[2]  bytes after which no further element is sent
--
-- Reply: the elements that follow, none if nothing new is there yet; null if the list is gone.

if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local at, left, elements = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
while left > 0 do
  local element = redis.call('LINDEX', KEYS[1], at)
  if not element then break end
  elements[#elements + 1] = element
  at, left = at + 1, left - #element
end
return elements
