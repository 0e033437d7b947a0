-- Takes the tokens of one request from all its buckets, or from none (STATE.md, promises 1, 5 and 6).
--
-- KEYS[i]  a policy's bucket of one subject: <namespace>:bucket:{<policy>:<subject>}
-- ARGV     for each key, in order:
--            cost      tokens wanted from each window, at least 1
--            windows   how many follow; for each
--              name      of the window, by its period: second, minute, 10s …
--              rate      as configured, to be read by people: 100/minute
--              capacity  tokens that the bucket holds
--              count     ⎫ count tokens come back every period µs, in lowest terms
--              period    ⎭
-- Reply    1 if admitted, else 0; then for each window of each key, in order:
--            tokens left (whole), µs until full, µs until this window could admit (0: it could)
--
-- The hash of a bucket holds for each window:
--   <name>.tokens    whole tokens there are
--   <name>.fraction  what has come back of the next one, in 1/period of a token
--   <name>.updated   when both were right: µs of this server's clock
--   <name>.capacity  and <name>.rate, by which an edited policy is told
--
-- All time is this server's. All numbers are integers below 2^53, which doubles hold exactly; the steps are those of
-- TokenBucket and BucketSet in the Policies module, and give the same numbers to the last unit.

local floor, ceil, max, min, format = math.floor, math.ceil, math.max, math.min, string.format
local call = redis.call
local LONGEST = 4503599627370496 -- 2^52 µs: never

local time = call('TIME')
local now = time[1] * 1000000 + time[2]

-- Keeps the share that was left when the capacity of a policy is edited.
local function rescale(tokens, old, new)
  tokens = min(tokens, old)
  local whole = floor(new / old)
  local part = new - whole * old
  local high = floor(tokens / 32768)
  local low = tokens - high * 32768
  local quotient = floor(high * part / old)
  local remainder = high * part - quotient * old
  return whole * tokens + quotient * 32768 + floor((remainder * 32768 + low * part) / old)
end

-- µs until there are `cost` tokens.
local function wait(w, cost)
  if cost <= w.tokens then return 0 end
  if cost > w.capacity then return LONGEST end
  local short = cost - w.tokens
  local rounds = floor(short / w.count)
  if rounds > floor(LONGEST / w.period) then return LONGEST end
  local units = (short - rounds * w.count) * w.period - w.fraction
  return min(rounds * w.period + ceil(units / w.count), LONGEST)
end

local function advance(w)
  local elapsed = max(0, now - w.updated)
  local periods = floor(elapsed / w.period)
  local missing = w.capacity - w.tokens
  w.updated = max(w.updated, now)
  if missing > 0 and periods <= floor(missing / w.count) then
    local units = (elapsed - periods * w.period) * w.count + w.fraction
    local whole = floor(units / w.period)
    local gained = periods * w.count + whole
    if gained < missing then
      w.tokens = w.tokens + gained
      w.fraction = units - whole * w.period
      return
    end
  end
  w.tokens, w.fraction = w.capacity, 0
end

-- One window as it is now, from the five fields that `fields` names. What does not read as a number counts as absent: a
-- bucket is full then.
local function open(w, tokens, fraction, updated, old_capacity, old_rate)
  w.tokens, w.fraction, w.updated = tonumber(tokens), tonumber(fraction), tonumber(updated)
  local old = tonumber(old_capacity)
  if not (w.tokens and w.fraction and w.updated and old and old >= 1) then
    w.tokens, w.fraction, w.updated, w.is_new = w.capacity, 0, now, true
    return
  end
  if old ~= w.capacity or old_rate ~= w.rate then
    if old ~= w.capacity then w.tokens = rescale(w.tokens, old, w.capacity) end
    w.fraction, w.is_edited = 0, true
  end
  advance(w)
end

-- The windows of one key, whose arguments begin at `first`: one read for all of them.
local function load(key, first, size)
  local windows, fields = {}, {}
  for i = 1, size do
    local a = first + (i - 1) * 5
    local name = ARGV[a]
    windows[i] = { name = name, rate = ARGV[a + 1], capacity = tonumber(ARGV[a + 2]), count = tonumber(ARGV[a + 3]),
      period = tonumber(ARGV[a + 4]) }
    local f = (i - 1) * 5
    fields[f + 1], fields[f + 2], fields[f + 3] = name .. '.tokens', name .. '.fraction', name .. '.updated'
    fields[f + 4], fields[f + 5] = name .. '.capacity', name .. '.rate'
  end
  local stored = call('HMGET', key, unpack(fields))
  for i = 1, size do
    local f = (i - 1) * 5
    open(windows[i], stored[f + 1], stored[f + 2], stored[f + 3], stored[f + 4], stored[f + 5])
  end
  return windows
end

-- One write for all windows of a key. Capacity and rate only where they changed.
local function save(key, windows, full)
  local pairs = {}
  for _, w in ipairs(windows) do
    local n, name = #pairs, w.name
    -- %.0f: Lua would write numbers from 10^14 on with an exponent.
    pairs[n + 1], pairs[n + 2] = name .. '.tokens', format('%.0f', w.tokens)
    pairs[n + 3], pairs[n + 4] = name .. '.fraction', format('%.0f', w.fraction)
    pairs[n + 5], pairs[n + 6] = name .. '.updated', format('%.0f', w.updated)
    if w.is_new or w.is_edited then
      pairs[n + 7], pairs[n + 8] = name .. '.capacity', format('%.0f', w.capacity)
      pairs[n + 9], pairs[n + 10] = name .. '.rate', w.rate
    end
  end
  call('HSET', key, unpack(pairs))
  -- Gone when it would be full again, and a second later for clocks that are read between (promise 8).
  call('PEXPIRE', key, format('%.0f', ceil(full / 1000) + 1000))
end

local keys, costs, longest = {}, {}, 0
local next = 1
for k = 1, #KEYS do
  local cost, size = tonumber(ARGV[next]), tonumber(ARGV[next + 1])
  local windows = load(KEYS[k], next + 2, size)
  for _, w in ipairs(windows) do
    w.wait = wait(w, cost)
    longest = max(longest, w.wait)
  end
  keys[k], costs[k] = windows, cost
  next = next + 2 + 5 * size
end

local is_admitted = longest == 0
local reply = { is_admitted and 1 or 0 }
for k = 1, #KEYS do
  local full, is_edited = 0, false
  for _, w in ipairs(keys[k]) do
    if is_admitted then w.tokens = w.tokens - costs[k] end
    local reset = wait(w, w.capacity)
    full = max(full, reset)
    is_edited = is_edited or w.is_edited
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3] = max(0, w.tokens), reset, w.wait
  end
  -- A refusal writes nothing: advancing later gives the same. But the expiry follows from the rate, so an edited policy
  -- is noted even then; else the key would be gone, and the bucket full, by the rate of before.
  if is_admitted or is_edited then save(KEYS[k], keys[k], full) end
end
return reply
