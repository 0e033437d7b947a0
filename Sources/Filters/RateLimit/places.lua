-- Renews places under a limit of concurrency, so that those of long requests do not lapse.
--
-- KEYS[1]  <namespace>:concurrency:{<policy>:<subject>}, a sorted set: member = holder:serial, score = when it lapses (µs)
-- ARGV     the members to renew; those that have lapsed meanwhile stay away
-- Reply    how many were renewed
local PLACE = 10000000 -- µs, as in take.lua
local time = redis.call('TIME')
local ends = string.format('%.0f', time[1] * 1000000 + time[2] + PLACE)
local renewed = 0
for _, member in ipairs(ARGV) do
  if redis.call('ZSCORE', KEYS[1], member) then
    redis.call('ZADD', KEYS[1], ends, member)
    renewed = renewed + 1
  end
end
if renewed > 0 then redis.call('PEXPIRE', KEYS[1], (PLACE / 1000 + 1000) .. '') end
return renewed
