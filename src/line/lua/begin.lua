--[[
  Counts in a call that the shop starts between the two parties, and says whom to ring.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 id   3 shop   4 call id   5 lease (ms)   6 … 9 limits as in lookup.lua
           10 party that is rung first (0 courier, 1 customer)

  Result   { kind, id, shop, party, sealed, number } (includes/admit.lua) or { NOT_FOUND }
]]
--- @include "admit"

local d = visible_delivery(ARGV[2], ARGV[3])
if not d then return { NOT_FOUND } end
-- The direction is about who of the two may call; here neither does. Nothing of this is saved.
d[DIRECTION] = 0
local party = tonumber(ARGV[10])
local phone = string.sub(party == 0 and d[COURIER] or d[CUSTOMER], 1, TAG_LENGTH)
local call, limits = admit_args(4)
local answer = admit(ARGV[2], d, party, phone, call, limits)
answer[6] = d[NUMBER]
return answer
