-- An operator opens or closes a breaker for a while, or ends that. (After breaker.lua, which describes key and reply; the
-- last number of the reply is 1, or 0 if the breaker was in another epoch than expected, and nothing was done.)
--
-- ARGV[3]  open: refuse everything, then probe; closed: let everything pass; auto: closed, by the usual rules
--     [4]  the epoch in which the operator has seen it, or nothing: whichever it is
--     [5]  for how many µs; ignored for auto

local wanted, expected, duration = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]) or 0
local is_done = 0
if not expected or expected == epoch then
  is_done = 1
  enter(wanted == 'open' and 'open' or 'closed',
    wanted == 'auto' and 'released by an operator' or 'forced by an operator')
  if wanted ~= 'auto' then
    put('forced', wanted)
    put('until', whole(now + duration))
  end
end
return finish(16, 60000000, is_done, false)
