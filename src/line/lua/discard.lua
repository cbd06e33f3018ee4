--[[
  Takes back allocations whose answer never arrived: nobody has learnt the number, so nothing is kept.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2… ids

  Result   how many there were
]]
--- @include "life"

local found = 0
for at = 2, #ARGV do
  local d = load_delivery(ARGV[at])
  if d then
    remove_delivery(ARGV[at], d)
    found = found + 1
  end
end
return found
