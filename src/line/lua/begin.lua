--[[
  Counts in a call that the shop starts between the two parties, and says whom to ring.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 id   4 shop   5 call id   6 lease (ms)   7 … 10 limits as in lookup.lua
           11 party that is rung first (0 courier, 1 customer)   12 tags of its phone

  Result   { kind, id, shop, party, sealed, usage, number } (includes/admit.lua), { NOT_FOUND }, { EPOCHS … }
           { REVISION_MISMATCH }: the party's phone is another one now
]]
--- @include "admit"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local d = visible_delivery(ARGV[3], ARGV[4])
if not d then return { NOT_FOUND } end
local party = tonumber(ARGV[11])
if not tag_among(first(d[party == 0 and COURIER or CUSTOMER]), ARGV[12]) then return { REVISION_MISMATCH } end
-- The direction is about who of the two may call; here neither does. Nothing of this is saved.
d[DIRECTION] = 0
local call, limits = admit_args(5)
local answer = admit(ARGV[3], d, party, first(ARGV[12]), call, limits)
answer[6] = answer[6] or {}
answer[7] = d[NUMBER]
return answer
