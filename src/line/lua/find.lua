--[[
  Reads a delivery.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 id   3 shop

  Result   view (includes/record.lua) or { NOT_FOUND }, also when it is another shop's
]]
--- @include "record"

local d = visible_delivery(ARGV[2], ARGV[3])
return d and view(d) or { NOT_FOUND }
