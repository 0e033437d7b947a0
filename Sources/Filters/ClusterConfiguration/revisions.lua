-- What the scripts of cluster configuration have in common; it stands before each of them.
--
-- KEYS[1]  <namespace>:config:{revisions}, a hash: last (the highest number given), live, last_good, candidate, canary,
--          candidate_until (µs), changed (µs). It has no expiry, and five small fields: it is what nodes start from.
-- KEYS[2]  <namespace>:config:{revisions}:list, a sorted set of the numbers that are kept
-- <KEYS[1]>:<number> is a revision, a hash: text, digest, author, note, pushed (µs), state (candidate, live, last good, earlier,
--          withdrawn, rolled back), promoted (µs, once it was live), ack:<node> = "ok <µs>" or "error <µs> <reason>".
--          The live one and the last good one stay; others expire after ninety days, and at most `kept` are kept.
--
-- All time is this server's (STATE.md, promise 5); all keys are of one slot (promise 9).
local root, list = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept, life = 20, 90 * 86400

local function stamp(microseconds) return string.format('%.0f', microseconds) end
local function key(number) return root .. ':' .. number end

-- The number that is being tried and on which node, and µs it has left; a candidate whose pusher has died lapses.
local function candidate()
  local fields = redis.call('HMGET', root, 'candidate', 'canary', 'candidate_until')
  if not fields[1] then return nil end
  local left = (tonumber(fields[3]) or 0) - now
  if left <= 0 then return nil, nil, 0, fields[1] end
  return fields[1], fields[2], left
end

local function setState(number, state)
  if number and redis.call('EXISTS', key(number)) == 1 then
    redis.call('HSET', key(number), 'state', state)
    if state == 'live' or state == 'last good' then
      redis.call('PERSIST', key(number))
    else
      redis.call('EXPIRE', key(number), life)
    end
  end
end

local function dropCandidate(state)
  local number = redis.call('HGET', root, 'candidate')
  if number then setState(number, state) end
  redis.call('HDEL', root, 'candidate', 'canary', 'candidate_until')
end

-- The newest revision that was live, other than this one.
local function lastGood(live)
  for _, number in ipairs(redis.call('ZREVRANGE', list, 0, -1)) do
    if number ~= live then
      local fields = redis.call('HMGET', key(number), 'promoted', 'state')
      if fields[1] and fields[2] ~= 'rolled back' then return number end
    end
  end
end

local function prune()
  local live, good = unpack(redis.call('HMGET', root, 'live', 'last_good'))
  local numbers = redis.call('ZRANGE', list, 0, -1)
  local excess = #numbers - kept
  for _, number in ipairs(numbers) do
    local isGone = redis.call('EXISTS', key(number)) == 0
    if isGone or (excess > 0 and number ~= live and number ~= good) then
      redis.call('UNLINK', key(number))
      redis.call('ZREM', list, number)
      excess = excess - 1
    end
  end
end

local function publish(channel, number, state)
  redis.pcall('PUBLISH', channel, 'config ' .. number .. ' ' .. state)
end

