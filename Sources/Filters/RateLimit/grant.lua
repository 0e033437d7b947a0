-- Gives tokens back to all windows of a bucket, as far as they fit.
--
-- KEYS[1]  <namespace>:bucket:{<policy>:<subject>}, as take.lua describes it
-- ARGV[1]  tokens
-- Reply    how many windows there were
--
-- What is lent may yet be spent, whatever the kind of the window, so it is never given a second time (STATE.md,
-- promise 1). A lease that has ended counts as spent, though its field stays until the bucket is next written.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local amount, windows = tonumber(ARGV[1]), 0
local fields = redis.call('HGETALL', KEYS[1])
local hash, leased = {}, 0
for i = 1, #fields, 2 do
  hash[fields[i]] = fields[i + 1]
  if string.sub(fields[i], 1, 6) == 'lease:' then
    local lent, ends = string.match(fields[i + 1], '^(%d+) (%d+) %d+$')
    if lent and tonumber(ends) > now then leased = leased + tonumber(lent) end
  end
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
      local used = tonumber(hash[name .. '.used'])
      used = used - math.min(amount, math.max(0, used - leased))
      redis.call('HSET', KEYS[1], name .. '.used', string.format('%.0f', used))
    elseif hash[name .. '.slices'] then
      local taken_in_all, kept = 0, {}
      for taken in string.gmatch(hash[name .. '.slices'], '%d+:(%d+)') do taken_in_all = taken_in_all + tonumber(taken) end
      -- The oldest first: leases are counted where they end, which is after everything that was taken.
      local rest = math.min(amount, math.max(0, taken_in_all - leased))
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
