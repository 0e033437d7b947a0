-- Gives tokens to all windows of a bucket, each up to what it holds (an operator's order, off the request path).
--
-- KEYS[1]  a policy's bucket of one subject, as take.lua describes it
-- ARGV[1]  tokens
-- Reply    1, or 0 if there is no such bucket: it is full
--
-- No clock is needed: tokens that come back are added to what is stored, and cut at the capacity, whenever it is next
-- read. Room is left for all leases that are noted, also for those that have lapsed since: never too many are given.
local hash, flat = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
if #flat == 0 then return 0 end

local leased = 0
for name, value in pairs(hash) do
  if name:match('^lease:') then leased = leased + (tonumber(value:match('^%d+')) or 0) end
end
for name, value in pairs(hash) do
  local window = name:match('^(.*)%.tokens$')
  local tokens, capacity = tonumber(value), window and tonumber(hash[window .. '.capacity'])
  if tokens and capacity then
    local more = math.min(tokens + tonumber(ARGV[1]), capacity - leased)
    if more > tokens then redis.call('HSET', KEYS[1], name, string.format('%.0f', more)) end
  end
end
return 1
