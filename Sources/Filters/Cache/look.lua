-- Looks for a cached response, and may take the right to fetch it.
--
-- KEYS[1]  <namespace>:cache:{<key>}: the index of the resource's variants
-- KEYS[2]  <namespace>:fill:{<key>}: who fetches now
-- ARGV[1]  0 only reads; 1 takes the fill if there is nothing fresh; 2 takes it whatever there is
-- ARGV[2]  token that names the fill, should it be taken
-- ARGV[3]  how long a fill lives without being renewed, ms
-- ARGV[4]  version that the caller knows, which then is not sent again; empty: none
-- ARGV[5]  namespace, to read the generations of tags; empty: they live in other slots, and the caller sees to them
-- ARGV[6]  how many tags the response will carry by configuration, then their names
-- then     pairs of a request field's lower-case name and its value, escaped
--
-- Reply: {kind, filling, detail, …}
--   kind     found, same (the known version still is the response), none, or pass (responses can't be stored)
--   filling  0 nobody fetches, 1 somebody does, 2 the origin failed and is left in peace, 3 the caller does from now on
--   detail   of pass: for how many more µs; of a fill taken: "name=generation/softgeneration …" of the tags; of
--            somebody's fill: its token, if what it has brought so far can be followed (follow.lua)
--   same:    age (µs), soft (0 or 1)
--   found:   age, soft, status, headers, vary, variant, fresh, swr, sie, flags, tags, version, length, pieces, first piece

local intent, token, known, namespace = tonumber(ARGV[1]), ARGV[2], ARGV[4], ARGV[5]
local tags = tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function number(value) return string.format('%.0f', value) end

-- The generations of a tag, as "hard/soft".
local function generation(tag)
  local values = redis.call('MGET', namespace .. ':tag:' .. tag, namespace .. ':softtag:' .. tag)
  return values[1] or '0', values[2] or '0'
end

-- Takes the fill, or says who has it.
local function take()
  local owner = redis.call('GET', KEYS[2])
  if owner and string.sub(owner, 1, 5) == 'held:' then return 2, '' end
  if owner then
    if redis.call('EXISTS', KEYS[2] .. ':' .. owner) == 1 then return 1, owner end
    -- Who fetches is told that it should share what comes, should that take its time.
    redis.call('SET', KEYS[2] .. ':awaited', '1', 'PX', ARGV[3])
    return 1, ''
  end
  redis.call('SET', KEYS[2], token, 'PX', ARGV[3])
  if namespace == '' then return 3, '' end
  local texts = {}
  for i = 1, tags do
    local tag = ARGV[6 + i]
    local hard, soft = generation(tag)
    texts[i] = tag .. '=' .. hard .. '/' .. soft
  end
  return 3, table.concat(texts, ' ')
end

local function none()
  if intent == 0 then return { 'none', 0, '' } end
  local filling, detail = take()
  return { 'none', filling, detail }
end

-- Whoever wrote something else here by hand gets it cleared away, and a miss.
local function clear(...)
  redis.call('UNLINK', ...)
  return none()
end

local index = redis.pcall('HMGET', KEYS[1], 'vary', 'pass')
if index.err then return clear(KEYS[1]) end
if index[2] then
  local remaining = (tonumber(index[2]) or 0) - now
  if remaining > 0 then return { 'pass', 0, number(remaining) } end
end
if not index[1] then return none() end

local variant = '-'
if index[1] ~= '' then
  local values = {}
  for i = 7 + tags, #ARGV, 2 do values[ARGV[i]] = ARGV[i + 1] end
  local parts = {}
  for name in string.gmatch(index[1], '[^, ]+') do
    parts[#parts + 1] = name .. '=' .. (values[name] or '')
  end
  variant = table.concat(parts, '|')
end

local key = KEYS[1] .. ':' .. variant
local entry = redis.pcall('HMGET', key, 'status', 'headers', 'fresh', 'swr', 'sie', 'flags', 'tags', 'version',
  'length', 'pieces', 'stored', 'age', 'soft')
if entry.err then return clear(key) end
local stored, initial, fresh = tonumber(entry[11]), tonumber(entry[12]), tonumber(entry[3])
if not (entry[8] and stored and initial and fresh) then
  if entry[1] or entry[8] then return clear(key) end
  return none()
end

local isSoft = entry[13] == '1'
if namespace ~= '' then
  for tag, hard, soft in string.gmatch(entry[7] or '', '(%S+)=(%d+)/(%d+)') do
    local currentHard, currentSoft = generation(tag)
    if hard ~= currentHard then return clear(key) end
    if soft ~= currentSoft then isSoft = true end
  end
end

local age = math.max(0, now - stored) + initial
local filling, detail = 0, ''
local isStale = isSoft or age >= fresh or string.find(entry[6] or '', 'validate', 1, true) ~= nil
if intent == 2 or (intent == 1 and isStale) then filling, detail = take() end

if known == entry[8] then return { 'same', filling, detail, number(age), isSoft and 1 or 0 } end
local first = ''
if entry[10] ~= '0' then first = redis.call('GET', key .. ':' .. entry[8] .. ':0') end
return { 'found', filling, detail, number(age), isSoft and 1 or 0, entry[1], entry[2], index[1], variant, entry[3],
  entry[4], entry[5], entry[6], entry[7], entry[8], entry[9], entry[10], first }
