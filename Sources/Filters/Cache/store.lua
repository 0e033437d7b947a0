-- Stores a response whose body is there already in pieces, and ends its fill.
--
-- KEYS[1]  <namespace>:cache:{<key>}: the index of the resource's variants
-- KEYS[2]  <namespace>:fill:{<key>}
-- KEYS[3]  <namespace>:cache:{<key>}:<variant>: the response
-- ARGV[1]  the fill's token: who has lost the fill, to time or to a purge, stores nothing
-- ARGV[2]  how long the response is of use, ms
-- ARGV[3]  namespace, to read the generations of tags; empty: they were read by the caller
-- ARGV[4]  its Vary names, joined; ARGV[5] its variant; ARGV[6] its version
-- ARGV[7]  channel of events; ARGV[8] what to publish there
-- ARGV[9]  how many tags, then triples of name, generation and soft generation; empty generations are read now
-- then     pairs of a field's name and value for KEYS[3]
--
-- Reply: 1 if it is stored, 0 if not.

local ttl, namespace, version = tonumber(ARGV[2]), ARGV[3], ARGV[6]
local member = 'variant:' .. ARGV[5]
local time = redis.call('TIME')

if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end

local function unlinkVariant(key)
  local old = redis.pcall('HMGET', key, 'version', 'pieces')
  if not old.err and old[1] and old[1] ~= version then
    for n = 0, math.min(tonumber(old[2]) or 0, 4096) - 1 do redis.call('UNLINK', key .. ':' .. old[1] .. ':' .. n) end
  end
  redis.call('UNLINK', key)
end

-- Responses that were selected by other fields can't be found any more.
local vary = redis.pcall('HGET', KEYS[1], 'vary')
if type(vary) == 'table' and vary.err then
  redis.call('UNLINK', KEYS[1])
elseif vary and vary ~= ARGV[4] then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 8) == 'variant:' then unlinkVariant(KEYS[1] .. ':' .. string.sub(field, 9)) end
  end
  redis.call('UNLINK', KEYS[1])
end
-- A resource has at most 64 variants: the others begin anew.
if redis.call('HLEN', KEYS[1]) > 65 and redis.call('HEXISTS', KEYS[1], member) == 0 then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 8) == 'variant:' then unlinkVariant(KEYS[1] .. ':' .. string.sub(field, 9)) end
  end
  redis.call('UNLINK', KEYS[1])
end

local count = tonumber(ARGV[9])
local tags = {}
for i = 1, count do
  local at = 7 + 3 * i
  local hard, soft = ARGV[at + 1], ARGV[at + 2]
  if hard == '' and namespace ~= '' then
    local values = redis.call('MGET', namespace .. ':tag:' .. ARGV[at], namespace .. ':softtag:' .. ARGV[at])
    hard, soft = values[1] or '0', values[2] or '0'
  end
  tags[i] = ARGV[at] .. '=' .. (hard == '' and '0' or hard) .. '/' .. (soft == '' and '0' or soft)
end

unlinkVariant(KEYS[3])
local fields = { 'stored', string.format('%.0f', time[1] * 1000000 + time[2]), 'tags', table.concat(tags, ' ') }
local pieces = 0
for i = 10 + 3 * count, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i + 1]
  if ARGV[i] == 'pieces' then pieces = tonumber(ARGV[i + 1]) end
end
for n = 0, pieces - 1 do
  if redis.call('PEXPIRE', KEYS[3] .. ':' .. version .. ':' .. n, ttl) == 0 then
    redis.call('DEL', KEYS[2])
    return 0
  end
end
redis.call('HSET', KEYS[3], unpack(fields))
redis.call('PEXPIRE', KEYS[3], ttl)
redis.call('HSET', KEYS[1], 'vary', ARGV[4], member, version)
redis.call('HDEL', KEYS[1], 'pass')
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 1
