-- Takes the tokens of one request from all its windows, or from none, and tends the caller's leases on them
-- (STATE.md, promises 1, 5 and 6; prepaid leases).
--
-- KEYS     for each entry: <namespace>:bucket:{<policy>:<subject>}, if it has windows;
--          then <namespace>:concurrency:{<policy>:<subject>}, if it has places
-- ARGV[1]  holder: who asks, as leases and places are named
-- ARGV[2]  serial: of this request, among the holder's; names its places
-- ARGV[3…] for each entry
--            cost      tokens wanted from each window; 0: none, the lease is tended
--            asks      1 if these follow: want, held, returned, sequence; else 0
--            mode      0 decides; 1 shadow: never refuses; 2 charges the cost, however little is left (negative: gives back)
--            places    requests that may be under way at once; 0: any number
--            windows   how many follow; for each
--              name      second, minute, 10s; minute-sliding; calendar-day …
--              rate      as configured, to be read by people: 100/minute
--              capacity  tokens that the window holds
--              count     a bucket: ⎫ count tokens come back every period µs, in lowest terms
--              period              ⎭
--                        sliding: 0, and the period in µs
--                        calendar: -1, and when the calendar's periods around now begin (µs since 1970), ascending
-- Reply    1 if admitted, else 0; or -1 and the time, if that is in none of a calendar's periods
--          then for each entry
--            for each window: tokens left, µs until full, µs until this window could admit (0: it could)
--            if it has places: how many are left, and 1 if there was none for this request, else 0
--            if it asked: tokens added to its lease (-1: a later question was here before, nothing was done), 1 if what
--            was held is still counted, else 0, and the µs that the lease lasts
--
-- The hash of an entry's windows holds
--   <name>.capacity, <name>.rate   by which an edited policy is told
--   <name>.tokens     ⎫             whole tokens there are
--   <name>.fraction   ⎬ a bucket:   what has come back of the next one, in 1/period of a token
--   <name>.updated    ⎭             when both were right: µs of this server's clock
--   <name>.slices     sliding:      what was taken, by 32nds of the period: `slice:tokens slice:tokens …`
--   <name>.used       ⎫ calendar:   what was taken
--   <name>.since      ⎭             in the period that began then
--   lease:<holder>    tokens, end (µs), sequence: prepaid, and not known to be spent
--   holders           of leases, by name
--
-- A lease ends by itself; its tokens then count as spent. Until it does, its amount is kept free in the bucket:
-- tokens + all leases ≤ capacity. So a bucket is advanced from one end of a lease to the next. Tokens that a sliding
-- window lends are counted where the lease ends, the latest they can be spent; a calendar's leases end with its period.
--
-- All time is this server's. All numbers are integers below 2^53, which doubles hold exactly; the steps are those of
-- the Policies module, and give the same numbers to the last unit.

local floor, ceil, max, min, format = math.floor, math.ceil, math.max, math.min, string.format
local call = redis.call
local LONGEST = 4503599627370496 -- 2^52 µs: never
local LEASE = 100000 -- µs that a lease lasts
local PLACE = 10000000 -- µs that a place lasts if it is not renewed
local SLICES = 32

local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local holder, serial = ARGV[1], ARGV[2]

-- Up to 10^14 Lua writes all digits by itself; a time in µs is longer.
local function digits(number) return format('%.0f', number) end

-- The usual request of a key in no great demand: one bucket, of which nothing is lent, nothing wanted but the cost, and
-- enough there. The same steps as below, written out, because to make the functions below takes as long as all of this
-- (21 µs without it, 12 with it). Nil if it is any other case; nothing has been written then.
local function take_plainly()
  local cost, key, name = tonumber(ARGV[3]), KEYS[1], ARGV[12]
  local capacity, count, period = tonumber(ARGV[14]), tonumber(ARGV[15]), tonumber(ARGV[16])
  local stored = call('HMGET', key, name .. '.tokens', name .. '.fraction', name .. '.updated', name .. '.capacity',
    name .. '.rate', 'holders')
  if stored[6] then return end
  local tokens, fraction, updated = tonumber(stored[1]), tonumber(stored[2]), tonumber(stored[3])
  local is_new = not (tokens and fraction and updated and stored[4])
  if is_new then
    tokens, fraction, updated = capacity, 0, now
  elseif stored[4] ~= ARGV[14] or stored[5] ~= ARGV[13] then
    return
  end

  -- What came back since.
  local elapsed, missing = max(0, now - updated), capacity - tokens
  local periods = floor(elapsed / period)
  updated = max(updated, now)
  if missing > 0 and periods <= floor(missing / count) then
    local units = (elapsed - periods * period) * count + fraction
    local whole = floor(units / period)
    tokens, fraction = tokens + min(missing, periods * count + whole), units - whole * period
    if tokens == capacity then fraction = 0 end
  else
    tokens, fraction = tokens + max(0, missing), 0
  end
  if cost > tokens then return end
  tokens = tokens - cost

  -- How long until it is full.
  local short, full = capacity - tokens, LONGEST
  local rounds = floor(short / count)
  if rounds <= floor(LONGEST / period) then
    full = min(rounds * period + ceil(((short - rounds * count) * period - fraction) / count), LONGEST)
  end
  if is_new then
    call('HSET', key, name .. '.tokens', tokens .. '', name .. '.fraction', fraction .. '', name .. '.updated',
      digits(updated), name .. '.capacity', capacity .. '', name .. '.rate', ARGV[13])
  else
    call('HSET', key, name .. '.tokens', tokens .. '', name .. '.fraction', fraction .. '', name .. '.updated',
      digits(updated))
  end
  call('PEXPIRE', key, digits(ceil(full / 1000) + 1000))
  return { 1, max(0, tokens), full, 0, 0, 0, LEASE }
end

if #ARGV == 16 and #KEYS == 1 and ARGV[4] == '1' and ARGV[5] == '0' and ARGV[6] == '0' and ARGV[7] == '0'
  and ARGV[9] == '0' and ARGV[10] == '0' and ARGV[11] == '1' and tonumber(ARGV[15]) > 0 and tonumber(ARGV[3]) > 0 then
  local reply = take_plainly()
  if reply then return reply end
end

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

-- Of what was taken, the share that is taken of the edited capacity: rounded up.
local function rescale_taken(taken, old, new) return new - rescale(max(0, old - taken), old, new) end

-- A token bucket -----------------------------------------------------------------------------------------------------

local bucket = { words = { 'tokens', 'fraction', 'updated' } }

function bucket.load(w, tokens, fraction, updated)
  w.tokens, w.fraction, w.updated = tonumber(tokens), tonumber(fraction), tonumber(updated)
  if w.tokens and w.fraction and w.updated then return true end
  w.tokens, w.fraction, w.updated = w.capacity, 0, now
end

function bucket.edit(w, old)
  if old ~= w.capacity then w.tokens = rescale(w.tokens, old, w.capacity) end
  w.fraction = 0
end

-- Adds what came back until `time`, up to what the leases leave room for.
function bucket.advance(w, time, leased)
  local elapsed = max(0, time - w.updated)
  local periods = floor(elapsed / w.period)
  local missing = w.capacity - leased - w.tokens
  w.updated = max(w.updated, time)
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
  w.tokens, w.fraction = w.tokens + max(0, missing), 0
end

-- µs until there are `cost` tokens.
function bucket.wait(w, cost)
  if cost <= w.tokens then return 0 end
  if cost > w.capacity then return LONGEST end
  local short = cost - w.tokens
  local rounds = floor(short / w.count)
  if rounds > floor(LONGEST / w.period) then return LONGEST end
  local units = (short - rounds * w.count) * w.period - w.fraction
  return min(rounds * w.period + ceil(units / w.count), LONGEST)
end

function bucket.take(w, amount) w.tokens = w.tokens - amount end
bucket.lend = bucket.take
function bucket.unlend(w, amount) w.tokens = w.tokens + amount end
function bucket.keep() end

function bucket.save(w) return w.tokens .. '', w.fraction .. '', digits(w.updated) end

-- A sliding window ---------------------------------------------------------------------------------------------------

local sliding = { words = { 'slices' } }

function sliding.load(w, slices)
  w.length = ceil(w.period / SLICES)
  w.slices, w.taken = {}, 0
  if not slices then return end
  -- The first of them may have begun before the period did: it counts whole, until it has left the period.
  local first = floor((now - w.period) / w.length)
  for slice, amount in string.gmatch(slices, '(%d+):(%d+)') do
    slice, amount = tonumber(slice), tonumber(amount)
    if slice >= first then
      w.slices[#w.slices + 1] = { slice, amount }
      w.taken = w.taken + amount
    end
  end
  w.tokens = w.capacity - w.taken
  return true
end

function sliding.edit(w, old)
  if old == w.capacity then return end
  w.taken = 0
  for _, slice in ipairs(w.slices) do
    slice[2] = rescale_taken(slice[2], old, w.capacity)
    w.taken = w.taken + slice[2]
  end
end

function sliding.advance(w) w.tokens = w.capacity - w.taken end

function sliding.wait(w, cost)
  if cost <= w.tokens then return 0 end
  if cost > w.capacity then return LONGEST end
  local tokens = w.tokens
  for _, slice in ipairs(w.slices) do
    tokens = tokens + slice[2]
    if tokens >= cost then return (slice[1] + 1) * w.length + w.period - now end
  end
  return LONGEST
end

-- Counts tokens at a time: in ascending order of slices, of which the last ones may lie ahead.
local function count_at(w, time, amount)
  local wanted, place = floor(time / w.length), 1
  while w.slices[place] and w.slices[place][1] < wanted do place = place + 1 end
  local slice = w.slices[place]
  if not slice or slice[1] ~= wanted then
    slice = { wanted, 0 }
    table.insert(w.slices, place, slice)
  end
  local change = max(amount, -slice[2])
  slice[2] = slice[2] + change
  w.taken = w.taken + change
  w.tokens = w.capacity - w.taken
  return amount - change
end

function sliding.take(w, amount)
  local rest = count_at(w, now, amount)
  for place = #w.slices, 1, -1 do
    if rest == 0 then return end
    rest = count_at(w, w.slices[place][1] * w.length, rest)
  end
end
function sliding.lend(w, amount, ends) count_at(w, ends, amount) end
function sliding.unlend(w, amount, ends) count_at(w, ends, -amount) end
function sliding.keep(w, amount, before, ends)
  count_at(w, before, -amount)
  count_at(w, ends, amount)
end

function sliding.save(w)
  local text = {}
  for _, slice in ipairs(w.slices) do
    if slice[2] > 0 then text[#text + 1] = digits(slice[1]) .. ':' .. digits(slice[2]) end
  end
  return table.concat(text, ' ')
end

-- A calendar's period ------------------------------------------------------------------------------------------------

local calendar = { words = { 'used', 'since' } }

function calendar.load(w, used, since)
  for start in string.gmatch(w.period, '%d+') do
    start = tonumber(start)
    if start <= now then w.since = start elseif not w.ends then w.ends = start end
  end
  w.used = 0
  if not (w.since and w.ends) then return end
  if tonumber(since) ~= w.since or not tonumber(used) then return end
  w.used = tonumber(used)
  return true
end

function calendar.edit(w, old)
  if old ~= w.capacity then w.used = rescale_taken(w.used, old, w.capacity) end
end

function calendar.advance(w) w.tokens = w.capacity - w.used end

function calendar.wait(w, cost)
  if cost <= w.tokens then return 0 end
  if cost > w.capacity then return LONGEST end
  return w.ends - now
end

function calendar.take(w, amount)
  w.used = max(0, w.used + amount)
  w.tokens = w.capacity - w.used
end
calendar.lend = calendar.take
function calendar.unlend(w, amount) calendar.take(w, -amount) end
function calendar.keep() end

function calendar.save(w) return w.used .. '', digits(w.since) end

-- An entry's windows and leases --------------------------------------------------------------------------------------

-- Reads one window. What does not read as it was written counts as absent: a window is full then.
-- The second value tells who has leases, which is asked for with the first window: a call less.
local function load(key, name, rate, capacity, count, period)
  local kind = count > 0 and bucket or count == 0 and sliding or calendar
  -- All fields at once, also those set later: a table that grows is copied.
  local w = { name = name, rate = rate, capacity = capacity, count = count, kind = kind, wait = 0, is_new = false,
    is_edited = false, tokens = capacity, period = kind == calendar and period or tonumber(period) }
  local old, is_known, known_rate, holders
  if kind == bucket then
    local stored = call('HMGET', key, name .. '.tokens', name .. '.fraction', name .. '.updated', name .. '.capacity',
      name .. '.rate', 'holders')
    is_known, old, known_rate = bucket.load(w, stored[1], stored[2], stored[3]), tonumber(stored[4]), stored[5]
    holders = stored[6]
  else
    local first, second = kind.words[1], kind.words[2] or kind.words[1]
    local stored = call('HMGET', key, name .. '.' .. first, name .. '.' .. second, name .. '.capacity', name .. '.rate',
      'holders')
    is_known, old, known_rate = kind.load(w, stored[1], stored[2]), tonumber(stored[3]), stored[4]
    holders = stored[5]
  end
  if not is_known or not old or old < 1 then
    if is_known then kind.load(w) end
    w.is_new = true
  elseif old ~= capacity or known_rate ~= rate then
    kind.edit(w, old)
    w.is_edited = true
  end
  return w, holders
end

-- The leases that others and the caller have, in the order in which they end.
local function load_leases(e, names)
  local fields, holders = {}, {}
  for name in string.gmatch(names, '%S+') do
    holders[#holders + 1] = name
    fields[#fields + 1] = 'lease:' .. name
  end
  local stored = call('HMGET', e.key, unpack(fields))
  for i, text in ipairs(stored) do
    local amount, ends, sequence = string.match(text or '', '^(%d+) (%d+) (%d+)$')
    if amount then
      local lease = { holder = holders[i], amount = tonumber(amount), ends = tonumber(ends), sequence = tonumber(sequence) }
      e.leases[#e.leases + 1] = lease
      e.leased = e.leased + lease.amount
    else
      e.is_changed = true
    end
  end
  table.sort(e.leases, function(a, b) return a.ends < b.ends end)
end

local function advance_all(e, to)
  for i = 1, #e.windows do
    local w = e.windows[i]
    w.kind.advance(w, to, e.leased)
  end
end

-- Piecewise: with the room of the end for all the time before, a lease that was spent late and a full bucket could be
-- spent back to back.
local function advance(e)
  while e.leases[1] and e.leases[1].ends <= now do
    local lease = table.remove(e.leases, 1)
    advance_all(e, lease.ends)
    e.leased = e.leased - lease.amount
    e.gone[#e.gone + 1] = 'lease:' .. lease.holder
    e.is_changed = true
  end
  advance_all(e, now)
end

-- What the caller keeps of its lease, and gives back; the rest has been spent.
local function settle(e)
  local ask = e.ask
  ask.ends = now + LEASE
  for i = 1, #e.windows do ask.ends = min(ask.ends, e.windows[i].ends or ask.ends) end
  for place = 1, #e.leases do
    local lease = e.leases[place]
    if lease.holder == holder then
      if ask.sequence <= lease.sequence then
        ask.is_stale = true
        return
      end
      ask.kept, ask.is_kept = min(ask.held, lease.amount), 1
      local back = min(ask.returned, lease.amount - ask.kept)
      for i = 1, #e.windows do
        local w = e.windows[i]
        w.kind.unlend(w, back, lease.ends)
        w.kind.keep(w, ask.kept, lease.ends, ask.ends)
      end
      e.leased = e.leased - lease.amount
      table.remove(e.leases, place)
      e.gone[#e.gone + 1] = 'lease:' .. holder
      e.is_changed = true
      break
    end
  end
  e.leased = e.leased + ask.kept
end

-- A share that leaves something for the others: the last tokens are only ever taken one by one.
local function grant(e, is_admitted)
  local ask = e.ask
  if ask.is_stale then return end
  if is_admitted and e.wait == 0 and ask.want > 0 then
    local fewest = LONGEST
    for i = 1, #e.windows do fewest = min(fewest, e.windows[i].tokens) end
    ask.granted = max(0, min(ask.want, floor(fewest / (4 * (#e.leases + 1)))))
  end
  if ask.granted > 0 then
    for i = 1, #e.windows do
      local w = e.windows[i]
      w.kind.lend(w, ask.granted, ask.ends)
    end
  end
  local amount = ask.kept + ask.granted
  if amount > 0 then
    local lease = { holder = holder, amount = amount, ends = ask.ends, sequence = ask.sequence }
    e.leases[#e.leases + 1] = lease
    e.is_changed = true
  end
end

local function save_leases(e)
  if #e.gone > 0 then call('HDEL', e.key, unpack(e.gone)) end
  local words, names = {}, {}
  for i, lease in ipairs(e.leases) do
    names[i] = lease.holder
    words[#words + 1] = 'lease:' .. lease.holder
    words[#words + 1] = format('%.0f %.0f %.0f', lease.amount, lease.ends, lease.sequence)
  end
  if #names == 0 then return call('HDEL', e.key, 'holders') end
  call('HSET', e.key, 'holders', table.concat(names, ' '), unpack(words))
end

-- Writes one window; what never changes, only at first.
local function save(key, w)
  local name, first, second, third = w.name, w.kind.save(w)
  local is_whole = w.is_new or w.is_edited
  if third and is_whole then
    return call('HSET', key, name .. '.tokens', first, name .. '.fraction', second, name .. '.updated', third,
      name .. '.capacity', w.capacity .. '', name .. '.rate', w.rate)
  elseif third then
    return call('HSET', key, name .. '.tokens', first, name .. '.fraction', second, name .. '.updated', third)
  end
  local words = w.kind.words
  if is_whole then call('HSET', key, name .. '.capacity', w.capacity .. '', name .. '.rate', w.rate) end
  call('HSET', key, name .. '.' .. words[1], first)
  if second then call('HSET', key, name .. '.' .. words[2], second) end
end

-- Places of requests under way: those that were not renewed lapse.
local function look_for_place(e)
  call('ZREMRANGEBYSCORE', e.places_key, '-inf', digits(now))
  e.free = e.places - call('ZCARD', e.places_key)
  e.is_full = e.cost > 0 and e.free < 1
end

local function take_place(e)
  call('ZADD', e.places_key, digits(now + PLACE), holder .. ':' .. serial)
  call('PEXPIRE', e.places_key, (PLACE / 1000 + 1000) .. '')
  e.free = e.free - 1
end

-- Charges what was admitted elsewhere; a debt is never more than the window holds.
local function charge(e)
  for i = 1, #e.windows do
    local w = e.windows[i]
    local amount = min(e.cost, w.tokens + w.capacity)
    if e.cost < 0 then amount = -min(-e.cost, max(0, w.capacity - e.leased - w.tokens)) end
    if amount ~= 0 then w.kind.take(w, amount) end
  end
end

-- The request --------------------------------------------------------------------------------------------------------

local entries, is_admitted = {}, true
local arg, next_key = 3, 1
while arg <= #ARGV do
  local e = { cost = tonumber(ARGV[arg]), windows = {}, leases = {}, leased = 0, gone = {}, is_changed = false, wait = 0 }
  if ARGV[arg + 1] == '1' then
    e.ask = { want = tonumber(ARGV[arg + 2]), held = tonumber(ARGV[arg + 3]), returned = tonumber(ARGV[arg + 4]),
      sequence = tonumber(ARGV[arg + 5]), kept = 0, is_kept = 0, granted = 0, is_stale = false }
    arg = arg + 4
  end
  e.mode, e.places = ARGV[arg + 2], tonumber(ARGV[arg + 3])
  local last, names = arg + 4 + 5 * tonumber(ARGV[arg + 4]), nil
  if last > arg + 4 then e.key, next_key = KEYS[next_key], next_key + 1 end
  if e.places > 0 then e.places_key, next_key = KEYS[next_key], next_key + 1 end
  for a = arg + 5, last, 5 do
    local w, holders = load(e.key, ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), ARGV[a + 4])
    names = holders
    if w.kind == calendar and not w.ends then return { -1, digits(now) } end
    e.windows[#e.windows + 1] = w
  end
  if e.key then
    if names then load_leases(e, names) end
    advance(e)
    if e.ask then settle(e) end
    for i = 1, #e.windows do
      local w = e.windows[i]
      if e.mode ~= '2' then w.wait = w.kind.wait(w, e.cost) end
      e.wait = max(e.wait, w.wait)
    end
  end
  if e.places_key then look_for_place(e) end
  if e.mode == '0' and (e.wait > 0 or e.is_full) then is_admitted = false end
  entries[#entries + 1] = e
  arg = last + 1
end

local reply = { is_admitted and 1 or 0 }
for k = 1, #entries do
  local e = entries[k]
  local is_charged = is_admitted and e.cost ~= 0 and e.wait == 0 and not e.is_full
  if e.mode == '2' then
    charge(e)
  elseif is_charged then
    for i = 1, #e.windows do
      local w = e.windows[i]
      w.kind.take(w, e.cost)
    end
  end
  if e.ask then grant(e, is_admitted) end
  local windows, full, is_edited = e.windows, 0, false
  for i = 1, #windows do
    local w = windows[i]
    local reset = w.kind.wait(w, w.capacity)
    full = max(full, reset)
    is_edited = is_edited or w.is_edited
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3] = max(0, w.tokens), reset, w.wait
  end
  if e.places_key then
    if is_charged then take_place(e) end
    reply[#reply + 1] = max(0, e.free)
    reply[#reply + 1] = e.is_full and 1 or 0
  end
  if e.ask then
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3] = e.ask.is_stale and -1 or e.ask.granted, e.ask.is_kept, e.ask.ends - now
  end
  -- A refusal writes nothing: advancing later gives the same. But the expiry follows from the rate, so an edited policy
  -- is noted even then; else the key would be gone, and the bucket full, by the rate of before.
  if e.key and (is_charged or is_edited or e.is_changed or e.mode == '2') then
    for i = 1, #windows do save(e.key, windows[i]) end
    if e.is_changed then save_leases(e) end
    -- Gone when it would be full again and its leases have ended, and a second later for clocks that are read between
    -- (promise 8).
    if #e.leases > 0 then full = max(full, LEASE) end
    call('PEXPIRE', e.key, digits(ceil(full / 1000) + 1000))
  end
end
return reply
