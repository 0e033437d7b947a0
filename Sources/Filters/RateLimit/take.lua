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

-- Reads and advances one window. What does not read as a number counts as absent: a bucket is full then.
-- A read for each window, with its words as arguments, is faster than one for all, which must build tables of words.
local function load(key, name, rate, capacity, count, period)
  local stored = call('HMGET', key, name .. '.tokens', name .. '.fraction', name .. '.updated', name .. '.capacity',
    name .. '.rate')
  -- All fields at once, also those set later: a table that grows is copied.
  local w = { name = name, rate = rate, capacity = capacity, count = count, period = period,
    tokens = tonumber(stored[1]), fraction = tonumber(stored[2]), updated = tonumber(stored[3]),
    wait = 0, is_new = false, is_edited = false }
  local old = tonumber(stored[4])
  if not (w.tokens and w.fraction and w.updated and old and old >= 1) then
    w.tokens, w.fraction, w.updated, w.is_new = capacity, 0, now, true
    return w
  end
  if old ~= capacity or stored[5] ~= rate then
    if old ~= capacity then w.tokens = rescale(w.tokens, old, capacity) end
    w.fraction, w.is_edited = 0, true
  end
  advance(w)
  return w
end

-- Writes one window; what never changes, only at first.
local function save(key, w)
  local name = w.name
  -- Tokens, capacities and fractions are below 10^14, up to which Lua writes all digits; a time in µs is not.
  local tokens, fraction, updated = w.tokens .. '', w.fraction .. '', format('%.0f', w.updated)
  if w.is_new or w.is_edited then
    call('HSET', key, name .. '.tokens', tokens, name .. '.fraction', fraction, name .. '.updated', updated,
      name .. '.capacity', w.capacity .. '', name .. '.rate', w.rate)
  else
    call('HSET', key, name .. '.tokens', tokens, name .. '.fraction', fraction, name .. '.updated', updated)
  end
end

local buckets, costs, longest = {}, {}, 0
local arg = 1
for k = 1, #KEYS do
  local cost, windows = tonumber(ARGV[arg]), {}
  local last = arg + 1 + 5 * tonumber(ARGV[arg + 1])
  for a = arg + 2, last, 5 do
    local w = load(KEYS[k], ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4]))
    w.wait = wait(w, cost)
    longest = max(longest, w.wait)
    windows[#windows + 1] = w
  end
  buckets[k], costs[k] = windows, cost
  arg = last + 1
end

local is_admitted = longest == 0
local reply = { is_admitted and 1 or 0 }
for k = 1, #KEYS do
  local windows, full, is_edited = buckets[k], 0, false
  for i = 1, #windows do
    local w = windows[i]
    if is_admitted then w.tokens = w.tokens - costs[k] end
    local reset = wait(w, w.capacity)
    full = max(full, reset)
    is_edited = is_edited or w.is_edited
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3] = max(0, w.tokens), reset, w.wait
  end
  -- A refusal writes nothing: advancing later gives the same. But the expiry follows from the rate, so an edited policy
  -- is noted even then; else the key would be gone, and the bucket full, by the rate of before.
  if is_admitted or is_edited then
    for i = 1, #windows do save(KEYS[k], windows[i]) end
    -- Gone when it would be full again, and a second later for clocks that are read between (promise 8).
    call('PEXPIRE', KEYS[k], (ceil(full / 1000) + 1000) .. '')
  end
end
return reply
