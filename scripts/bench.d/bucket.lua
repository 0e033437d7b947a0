-- One token bucket by Redis' clock, in the fields STATE.md names: the work that nginx + Lua asks of Redis.
-- KEYS[1] the bucket; ARGV: capacity, tokens per period, period in microseconds.
-- Answers allowed (1 or 0), tokens left, microseconds until one more is there.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local capacity, count, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'updated')
local tokens, updated = tonumber(held[1]) or capacity, tonumber(held[2]) or now
if now > updated then
    tokens = math.min(capacity, tokens + (now - updated) * count / period)
end
if tokens < 1 then
    return {0, 0, math.ceil((1 - tokens) * period / count)}
end
tokens = tokens - 1
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'updated', string.format('%.0f', now),
    'capacity', capacity, 'rate', count)
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((capacity - tokens) * period / count / 1000)))
return {1, math.floor(tokens), 0}
