--[[
  Whose delivery is it when this phone calls this number, and may they talk? Counts the call in.
  A number that is not ours and a caller without a delivery there take the same way to the same answer.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 tags of the caller's phone   4 number (digits)
           5 call id   6 lease (ms)   7 calls of a delivery at the same time   8 calls of a delivery in an hour
           9 calls of a caller in an hour   10 calls to a number in a minute

  Result   { kind, id, shop, party (0 courier, 1 customer), sealed, usage } or { UNKNOWN } (includes/admit.lua), { EPOCHS … }
]]
--- @include "admit"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

--- The delivery that holds the number for this phone, in whichever epoch it was made, and the phone's tag in it.
local function held_for(phone, number)
  for _, tag in ipairs(split(phone, TAG_LENGTH)) do
    local id = redis.call('HGET', key('b', tag), number)
    local d = id and load_delivery(id)
    if d and now < held_until(d) then return id, d, tag end
  end
  return nil
end

local id, d, tag = held_for(ARGV[3], ARGV[4])
if not id then return { UNKNOWN } end
local party = tag_among(d[COURIER], tag) and 0 or tag_among(d[CUSTOMER], tag) and 1 or nil
-- A phone that has left the delivery is nobody any more.
if not party then return { UNKNOWN } end
local call, limits = admit_args(5)
return admit(id, d, party, first(ARGV[3]), call, limits)
