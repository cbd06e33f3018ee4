--[[
  Whose delivery is it when this phone calls this number, and may they talk? Counts the call in.
  A number that is not ours and a caller without a delivery there take the same way to the same answer.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 tag of the caller's phone   3 number (digits)   4 call id   5 lease (ms)
           6 calls of a delivery at the same time   7 calls of a delivery in an hour
           8 calls of a caller in an hour   9 calls to a number in a minute

  Result   { kind, id, shop, party (0 courier, 1 customer), sealed } or { UNKNOWN } (includes/admit.lua)
]]
--- @include "admit"

local caller = ARGV[2]
local id = redis.call('HGET', key('b', caller), ARGV[3])
local d = id and load_delivery(id)
if not d or now >= held_until(d) then return { UNKNOWN } end
local party = has_tag(d[COURIER], caller) and 0 or has_tag(d[CUSTOMER], caller) and 1 or nil
-- A phone that has left the delivery is nobody any more.
if not party then return { UNKNOWN } end
local call, limits = admit_args(4)
return admit(id, d, party, caller, call, limits)
