--[[
  The deliveries of a shop that hold a phone, live or in quarantine.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 shop   4 tags of the phone

  Result   { OK, id, role … }: 0 courier, 1 customer, 2 a phone that was replaced; { EPOCHS … }
]]
--- @include "record"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local answer, seen = { OK }, {}

local function role_of(d)
  if tag_among(d[COURIER], ARGV[4]) then return 0 end
  return tag_among(d[CUSTOMER], ARGV[4]) and 1 or 2
end

for _, tag in ipairs(split(ARGV[4], TAG_LENGTH)) do
  for _, id in ipairs(redis.call('HVALS', key('b', tag))) do
    local d = not seen[id] and visible_delivery(id, ARGV[3])
    if d then
      seen[id] = true
      answer[#answer + 1] = id
      answer[#answer + 1] = role_of(d)
    end
  end
end
return answer
