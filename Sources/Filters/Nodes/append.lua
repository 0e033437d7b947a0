-- Appends entries to a stream that is bounded in length and in time.
--
-- KEYS[1]  the stream: <namespace>:figures:<node>, or <namespace>:decisions
-- ARGV[1]  about how many entries are kept
-- ARGV[2]  ms after which the stream goes if nothing more is appended
-- ARGV[3]  the number of entries; then for each: the number of its words, and these, fields and values in turn
-- Reply    how many were appended
local at = 4
for _ = 1, tonumber(ARGV[3]) do
  local words = tonumber(ARGV[at])
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return tonumber(ARGV[3])
