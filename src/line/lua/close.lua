--[[
  Ends a delivery. One that is over already is answered as it is.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 id   3 shop

  Result   view (includes/record.lua) or { NOT_FOUND }
]]
--- @include "life"

local d = visible_delivery(ARGV[2], ARGV[3])
if not d then return { NOT_FOUND } end
if is_live(d) then end_delivery(ARGV[2], d, now) end
return view(d)
