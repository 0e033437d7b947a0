-- One node's report on one upstream, and the cluster's answer: counts outcomes, ends probes, decides, hands out probes.
-- (After breaker.lua, which describes key and reply; the last number of the reply is that of a granted probe, else 0.)
--
-- ARGV[3]   the node
--      [4]  the last epoch that it knows, [5] whether it holds the breaker to be open, [6] and for how many µs more
--      [7]  failures in a row that open, [8] share of failed calls that opens (millionths) among at least [9] calls
--           of the last [10] µs; [11] µs that it stays open, [12] probes
--      [13] calls since its last report, [14] of them failed, [15] slow but answered
--      [16] its failures in a row, [17] failed (or slow) of [18] calls in its own window
--      [19] 1: it asks for a probe
--      then, of each of its probes that has ended: number and succeeded, failed, cancelled or unused
--
-- # When it opens
--
-- A node sends traffic if it reported calls in the last 10 s (or in the window, if that is shorter). The quorum is
-- the majority of these nodes. It opens when
--   - a quorum of them has failed in its latest calls: each `failures` times in a row, or, if nothing else has failed in
--     its own window, its part of that: failures/quorum, rounded up; or
--   - the window of the cluster holds `minimum` calls, the share of failed or slow ones is reached in it, and it is
--     reached too in the own windows of a quorum, each of which holds its part: minimum/quorum calls.
-- So nodes whose own network is broken can't cut the others off, however many calls they fail, as long as they are no
-- majority; a stray failure elsewhere does not complete a quorum; and where one node sends all the traffic, it decides
-- alone. It must have looked like that for 0.2 s: nodes report ten times a second, and those that see no failures have
-- to be heard before a quorum is counted.
--
-- # Epochs
--
-- What belongs to another epoch than the present one is ignored. A node that knows a later epoch than this server has
-- outlived a restart or a failover: its state is restored, as a new epoch.
--
-- An epoch hands out no more than `probes` probes, ever. When all of them have ended, or lapsed with their nodes, and
-- have decided nothing, the next question begins another half-open epoch.

local node, known, knows_open = ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local failures, share, minimum = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local window, open, probes = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local calls, failed, slow = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
local RECENT = min(window, 10000000)
local SETTLING = 200000
local granted, is_written = 0, false

local function open_for(time, cause)
  enter('open', cause)
  put('until', whole(now + time))
end

if known > epoch then
  local was = state
  epoch = known
  if knows_open then
    open_for(min(tonumber(ARGV[6]), open), 'restored from a node, after Redis had lost it')
  elseif was ~= 'closed' then
    enter('closed', 'restored from a node, after Redis had lost it')
  elseif hash.epoch then
    put('epoch', whole(epoch))
  end
end
local is_current = known == epoch

-- An edited setting takes effect at once.
if state == 'open' and not hash.forced and hash.opened and not is_entered then
  put('until', whole(tonumber(hash.opened) + open))
end

-- Adds the outcomes to the window; answers its totals.
local function count()
  local slice = max(1, floor(window / 10))
  local current = 'slice:' .. whole(floor(now / slice) * slice)
  local all, bad, late = 0, 0, 0
  if not hash[current] then hash[current] = '0 0 0' end
  for name, value in pairs(hash) do
    local start = tonumber(name:match('^slice:(%d+)$'))
    if start then
      local a, b, c = value:match('^(%d+) (%d+) (%d+)$')
      if name == current then
        a, b, c = (tonumber(a) or 0) + calls, (tonumber(b) or 0) + failed, (tonumber(c) or 0) + slow
        put(name, whole(a) .. ' ' .. whole(b) .. ' ' .. whole(c))
      end
      if a and start > now - window and start <= now then
        all, bad, late = all + a, bad + b, late + c
      else
        put(name, nil)
      end
    end
  end
  return all, bad, late
end

-- Notes what the node has seen, and forgets nodes without traffic.
local function note_evidence()
  put('traffic:' .. node, whole(now))
  if failed > 0 then put('failures:' .. node, whole(now)) end
  put('row:' .. node, ARGV[16] ~= '0' and ARGV[16] or nil)
  put('share:' .. node, ARGV[17] ~= '0' and ARGV[17] .. '/' .. ARGV[18] or nil)
  for name, value in pairs(hash) do
    local other = name:match('^traffic:(.*)$')
    if other and (tonumber(value) or 0) <= now - RECENT then
      for _, kind in ipairs({ 'traffic:', 'failures:', 'row:', 'share:' }) do put(kind .. other, nil) end
    end
  end
end

-- Why it is to open; nil if it is not.
local function verdict(all, bad)
  local nodes, in_row, in_share, rows = 0, 0, 0, 0
  for name in pairs(hash) do
    if name:match('^traffic:') then nodes = nodes + 1 end
  end
  local quorum = floor(nodes / 2) + 1
  for name in pairs(hash) do
    local other = name:match('^traffic:(.*)$')
    if other then
      local row = tonumber(hash['row:' .. other]) or 0
      local own_bad, own = (hash['share:' .. other] or '0/0'):match('^(%d+)/(%d+)$')
      own_bad, own = tonumber(own_bad) or 0, tonumber(own) or 0
      rows = rows + row
      if row >= failures or row >= ceil(failures / quorum) and own_bad <= row then in_row = in_row + 1 end
      if own >= ceil(minimum / quorum) and own_bad * 1000000 >= share * own then in_share = in_share + 1 end
    end
  end
  put('consecutive', whole(rows))
  local seen_by = function(some) return ', seen by ' .. some .. ' of ' .. nodes .. (nodes == 1 and ' node' or ' nodes') end
  if failures > 0 and in_row >= quorum then return whole(rows) .. ' failures in a row' .. seen_by(in_row) end
  if share > 0 and bad > 0 and all >= minimum and bad * 1000000 >= share * all and in_share >= quorum then
    return whole(bad) .. ' of ' .. whole(all) .. ' calls failed or were slow' .. seen_by(in_share)
  end
end

-- Opens it, if it has had to be open for a while.
local function decide()
  local cause = verdict(tonumber(hash.calls) or 0, (tonumber(hash.failed) or 0) + (tonumber(hash.slow) or 0))
  if not cause or hash.forced == 'closed' then return put('suspected', nil) end
  if not hash.suspected then return put('suspected', whole(now)) end
  if now - tonumber(hash.suspected) >= SETTLING then
    put('suspected', nil)
    open_for(open, cause)
  end
end

if calls > 0 and state == 'closed' and is_current then
  is_written = true
  if not hash.state then
    put('state', 'closed')
    put('epoch', whole(epoch))
    put('since', whole(now))
    put('cause', 'first calls')
  end
  local all, bad, late = count()
  note_evidence()
  put('calls', whole(all))
  put('failed', whole(bad))
  put('slow', whole(late))
  decide()
end
if calls == 0 and state == 'closed' and is_current and hash.suspected then decide() end

-- A probe of this epoch has ended; what is told of lapsed ones comes too late.
local function end_probe(number, outcome)
  local name = 'probe:' .. number
  local owner, expiry = (hash[name] or ''):match('^(.*) until (%d+)$')
  if owner ~= node or tonumber(expiry) <= now then return end
  if outcome == 'failed' then
    open_for(open, 'a probe failed, sent by ' .. node)
    put('probe_failed_by', node)
  elseif outcome == 'unused' then
    put(name, nil)
  else
    put(name, node .. (outcome == 'succeeded' and ' succeeded' or ' ended'))
    local _, _, succeeded = probes_out(probes)
    if succeeded >= probes then enter('closed', 'the probes succeeded') end
  end
end

for argument = 20, #ARGV, 2 do
  if state == 'half-open' and epoch == known then end_probe(ARGV[argument], ARGV[argument + 1]) end
end

if ARGV[19] == '1' then
  -- A node whose probe was the last to fail lets the others go first: the fault may be its own.
  local patience = hash.probe_failed_by == node and min(floor(open / 2), 1000000) or 0
  if state == 'open' and now >= (tonumber(hash['until']) or 0) + patience then
    enter('half-open', 'the open time is over')
  end
  if state == 'half-open' then
    local lapse, free = probes_out(probes)
    if not free and not lapse then
      enter('half-open', 'the probes before decided nothing')
      free = 1
    end
    if free then
      granted = free
      put('probe:' .. free, node .. ' until ' .. whole(now + open))
    end
  end
end

-- A closed breaker means nothing once its window is empty; one that is open, until nobody has known it for as long as
-- it would have taken to probe it.
return finish(probes, state == 'closed' and window or open + window, granted, is_written or state ~= 'closed')
