-- Who checks the targets of an upstream for the cluster, and what it has found (STATE.md, "Health").
--
-- KEYS[1]  <namespace>:health:{<upstream>}
-- ARGV[1]  <namespace>:events, the channel
-- ARGV[2]  the upstream
-- ARGV[3]  this node's id
-- ARGV[4]  µs for which it would check; 0: it is leaving, and gives up
-- ARGV[5]  1 if it has been checking, so that what follows are findings
-- ARGV[6…] target, healthy or unhealthy, and so on
-- Reply    1 if this node checks from now on, else 0; µs until that has to be renewed, or may be asked for; then target,
--          healthy or unhealthy, and so on, as they are known now
--
-- The hash holds:
--   prober          the node that checks, until `until` (µs of this server's clock); since: when it began
--   target:<name>   healthy or unhealthy, and since when (µs)
--
-- What has changed is published as `health <upstream>`: nodes ask again then.

local key, channel, upstream, node = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local lease, knows = tonumber(ARGV[4]), ARGV[5] == '1'
local call = redis.call

local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local function whole(number) return string.format('%.0f', number) end

local hash, flat = {}, call('HGETALL', key)
for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
local expiry = tonumber(hash['until']) or 0
local is_vacant = not hash.prober or expiry <= now
local is_own = hash.prober == node
local has_changed = false

if lease == 0 then
  if is_own and not is_vacant then
    expiry = now
    call('HSET', key, 'until', whole(now))
    has_changed = true
  end
  is_own = false
elseif is_vacant or is_own then
  if not is_own then call('HSET', key, 'since', whole(now)) end
  expiry, is_own = now + lease, true
  call('HSET', key, 'prober', node, 'until', whole(expiry))
end

-- Findings of a node that lost its turn meanwhile are not worth more than the new one's.
if is_own and knows and hash.prober == node then
  local current = {}
  for i = 6, #ARGV - 1, 2 do
    local field, state = 'target:' .. ARGV[i], ARGV[i + 1]
    current[field] = true
    if not hash[field] or hash[field]:match('^%a+') ~= state then
      -- A target that was not known counts as healthy for those who ask.
      has_changed = has_changed or hash[field] ~= nil or state == 'unhealthy'
      hash[field] = state .. ' since ' .. whole(now)
      call('HSET', key, field, hash[field])
    end
  end
  for field in pairs(hash) do
    if field:match('^target:') and not current[field] then
      hash[field] = nil
      call('HDEL', key, field)
    end
  end
end

-- Nobody renews what nobody checks: an upstream that has left the configuration leaves nothing behind.
if lease > 0 then call('PEXPIRE', key, whole(math.ceil((math.max(expiry - now, 0) + lease) / 1000) + 1000)) end
if has_changed then redis.pcall('PUBLISH', channel, 'health ' .. upstream) end

local reply = { is_own and 1 or 0, whole(math.max(expiry - now, 0)) }
for field, value in pairs(hash) do
  local name = field:match('^target:(.*)$')
  if name then
    reply[#reply + 1] = name
    reply[#reply + 1] = value:match('^%a+')
  end
end
return reply
