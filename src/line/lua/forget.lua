--[[
  Takes a phone out of a delivery, with everything by which it is found, and ends the delivery if the phone is a
  party's. The other people keep the number until the quarantine ends.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 id   4 shop   5 tags of the phone
           6 revision that the people were sealed from   7 people without the phone, sealed

  Result   { OK } { NOT_FOUND } { REVISION_MISMATCH } { EPOCHS … }
]]
--- @include "life"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local id = ARGV[3]
local d = visible_delivery(id, ARGV[4])
if not d then return { NOT_FOUND } end
if tonumber(ARGV[6]) ~= d[REVISION] then return { REVISION_MISMATCH } end

if tag_among(d[COURIER] .. d[CUSTOMER], ARGV[5]) and is_live(d) then end_delivery(id, d, now) end
for _, tag in ipairs(split(ARGV[5], TAG_LENGTH)) do
  for _, place in ipairs({ COURIER, CUSTOMER, FORMER }) do d[place] = without_tag(d[place], tag) end
  if redis.call('HGET', key('b', tag), d[NUMBER]) == id then redis.call('HDEL', key('b', tag), d[NUMBER]) end
end
d[SEALED] = ARGV[7]
d[REVISION] = d[REVISION] + 1
save_delivery(id, d)
return { OK }
