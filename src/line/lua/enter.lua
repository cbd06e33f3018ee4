--[[
  May a party who is known otherwise than by its phone, such as a courier by its SIP account, call now? If so the
  call is counted in.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 id   4 shop   5 call id   6 lease (ms)   7 … 10 limits as in lookup.lua
           11 party that calls (0 courier, 1 customer)   12 tags of its phone   13 number that it dialled (digits)

  Result   { kind, id, shop, party, sealed, usage } (includes/admit.lua), { NOT_FOUND }: also when it is another number
           { EPOCHS … }, { REVISION_MISMATCH }: the party's phone is another one now
]]
--- @include "admit"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local d = visible_delivery(ARGV[3], ARGV[4])
if not d or d[NUMBER] ~= ARGV[13] then return { NOT_FOUND } end
local party = tonumber(ARGV[11])
if not tag_among(first(d[party == 0 and COURIER or CUSTOMER]), ARGV[12]) then return { REVISION_MISMATCH } end
local call, limits = admit_args(5)
return admit(ARGV[3], d, party, first(ARGV[12]), call, limits)
