-- Removes all responses of a resource, or makes them stale. A fetch that is under way loses its fill, since what it brings
-- may be what was to be purged.
--
-- KEYS[1]  <namespace>:cache:{<key>}: the index of the resource's variants
-- KEYS[2]  <namespace>:fill:{<key>}
-- ARGV[1]  hard or soft
-- ARGV[2]  channel of events; ARGV[3] what to publish there
--
-- Reply: how many variants were concerned.

local isSoft = ARGV[1] == 'soft'
local variants = 0
local members = redis.pcall('HKEYS', KEYS[1])
if members.err then
  redis.call('UNLINK', KEYS[1])
  members = {}
end
for _, field in ipairs(members) do
  if string.sub(field, 1, 8) == 'variant:' then
    local key = KEYS[1] .. ':' .. string.sub(field, 9)
    local old = redis.pcall('HMGET', key, 'version', 'pieces')
    if old.err then
      redis.call('UNLINK', key)
    elseif old[1] then
      variants = variants + 1
      if isSoft then
        redis.call('HSET', key, 'soft', '1')
      else
        for n = 0, math.min(tonumber(old[2]) or 0, 4096) - 1 do
          redis.call('UNLINK', key .. ':' .. old[1] .. ':' .. n)
        end
        redis.call('UNLINK', key)
      end
    end
  end
end
if not isSoft then redis.call('UNLINK', KEYS[1]) end
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return variants
