-- What sync.lua and force.lua have in common: the breaker of one upstream for the whole cluster (STATE.md, "Circuit
-- breakers"). It stands before each of them.
--
-- KEYS[1]  <namespace>:breaker:{<upstream>}
-- ARGV[1]  <namespace>:events, the channel
-- ARGV[2]  the upstream
-- Reply    state, epoch, remaining µs, cause, and one number more (see each script)
--
-- The hash holds:
--   state      closed, open or half-open
--   epoch      grows with each transition, never repeats: milliseconds of this server's clock, or one more than before
--   since      µs of this server's clock (as all times) when the state began
--   cause      why
--   opened     when it opened; until: when it may be probed
--   forced     open or closed, by an operator, until `until`
--   suspected  since when it looks as if it had to open
--   calls, failed, slow, consecutive
--              of the window, and of the nodes' failures in a row; while open, as they were when it opened
--   slice:<µs> calls, failed and slow of the tenth of the window that began then
--   traffic:<node>   when the node last reported calls, failures:<node> when it last reported a failed one
--   row:<node>       its failures in a row; share:<node> its failed/all calls in its own window
--   probe:<number>   of this epoch: "<node> until <µs>" while out, "<node> succeeded" or "<node> ended" after
--   probe_failed_by  whose probe was the last to fail
--
-- Each transition is published as `breaker <upstream> <state> <epoch> <remaining µs> <cause>`.

local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
local call = redis.call
local key, channel, upstream = KEYS[1], ARGV[1], ARGV[2]

-- All digits; a plain tostring has only 14.
local function whole(number) return string.format('%.0f', number) end

local time = call('TIME')
local now = time[1] * 1000000 + time[2]

local hash, flat = {}, call('HGETALL', key)
for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
local state = (hash.state == 'open' or hash.state == 'half-open') and hash.state or 'closed'
local epoch = tonumber(hash.epoch) or 0
local is_entered = false

-- Sets a field, or removes it.
local function put(name, value)
  if hash[name] == value then return end
  hash[name] = value
  if value then call('HSET', key, name, value) else call('HDEL', key, name) end
end

-- One that was forced open is probed when its time is over, and keeps its mark until then.
if hash.forced == 'closed' and (tonumber(hash['until']) or 0) <= now then
  put('forced', nil)
  put('until', nil)
end

-- Begins a new epoch. The evidence stays readable until the breaker is closed again.
local function enter(next, cause)
  if next == 'closed' then
    call('DEL', key)
    hash = {}
  else
    for name in pairs(hash) do
      if name:match('^probe:') or name:match('^slice:') then put(name, nil) end
    end
  end
  epoch, state, is_entered = max(epoch + 1, floor(now / 1000)), next, true
  put('state', next)
  put('epoch', whole(epoch))
  put('since', whole(now))
  put('cause', cause)
  put('forced', nil)
  if next == 'open' then put('opened', whole(now)) end
end

-- When the first probe that is out lapses, and the first number that is free; either may be nil.
local function probes_out(limit)
  local lapse, free, succeeded
  succeeded = 0
  for number = 1, limit do
    local probe = hash['probe:' .. number]
    if not probe then
      free = free or number
    else
      local expiry = tonumber(probe:match(' until (%d+)$'))
      if expiry and expiry > now then lapse = min(lapse or expiry, expiry) end
      if probe:match(' succeeded$') then succeeded = succeeded + 1 end
    end
  end
  return lapse, free, succeeded
end

-- µs: open, until it may be probed; half-open, until a probe may be asked for; closed, until a force ends.
local function remaining(probes)
  if state == 'open' or hash.forced == 'closed' then return max(0, (tonumber(hash['until']) or 0) - now) end
  if state == 'closed' then return 0 end
  local lapse, free = probes_out(probes)
  return (free or not lapse) and 0 or lapse - now
end

-- Ends a script: tells all nodes of a transition, and lets the key go `keep` µs after its state means nothing more.
local function finish(probes, keep, number, alive)
  local left = remaining(probes)
  if is_entered then
    local event = table.concat({ 'breaker', upstream, state, whole(epoch), whole(left), hash.cause }, ' ')
    -- A user without the right to the channel loses speed only: nodes ask once a second.
    redis.pcall('PUBLISH', channel, event)
  end
  if is_entered or alive then call('PEXPIRE', key, whole(ceil((left + keep) / 1000) + 1000)) end
  return { state, whole(epoch), whole(left), hash.cause or '', number }
end
