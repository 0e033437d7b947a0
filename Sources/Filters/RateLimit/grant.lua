-- Gives tokens back to all windows of a bucket, as far as they fit.
--
-- KEYS[1]  <namespace>:bucket:{<policy>:<subject>}, as take.lua describes it
-- ARGV[1]  tokens
-- Reply    how many windows there were
local amount, windows = tonumber(ARGV[1]), 0
local fields = redis.call('HGETALL', KEYS[1])
local hash, leased = {}, 0
for i = 1, #fields, 2 do
  hash[fields[i]] = fields[i + 1]
  -- What is lent needs its room (STATE.md: tokens + leases ≤ capacity).
  if string.sub(fields[i], 1, 6) == 'lease:' then leased = leased + tonumber(string.match(fields[i + 1], '^%d+') or 0) end
end
for field, value in pairs(hash) do
  local name = string.match(field, '^(.*)%.capacity$')
  if name then
    windows = windows + 1
    local capacity = tonumber(value)
    if hash[name .. '.tokens'] then
      local tokens = tonumber(hash[name .. '.tokens'])
      local room = math.max(0, capacity - leased - tokens)
      redis.call('HSET', KEYS[1], name .. '.tokens', string.format('%.0f', tokens + math.min(amount, room)))
    elseif hash[name .. '.used'] then
      redis.call('HSET', KEYS[1], name .. '.used', string.format('%.0f', math.max(0, tonumber(hash[name .. '.used']) - amount)))
    elseif hash[name .. '.slices'] then
      local rest, kept = amount, {}
      for slice, taken in string.gmatch(hash[name .. '.slices'], '(%d+):(%d+)') do
        local back = math.min(rest, tonumber(taken))
        rest = rest - back
        if tonumber(taken) > back then kept[#kept + 1] = slice .. ':' .. string.format('%.0f', taken - back) end
      end
      redis.call('HSET', KEYS[1], name .. '.slices', table.concat(kept, ' '))
    end
  end
end
return windows
