--[[
  Changes a live delivery: all that is asked for, or nothing.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 id   3 shop
           4 expires (ms), '' to leave it   5 longest life (ms)   6 direction, '' to leave it
           7 most phones of a party
           8 revision that the sealed data was made from, '' when nobody is changed   9 sealed
           10 tag of the courier's new phone, '' to leave it   11 the customer's
           12 tag of one more phone of the courier, ''   13 of the customer, ''

  Result   view (includes/record.lua), { NOT_FOUND }, { ENDED }, { EXPIRY_INVALID }, { REVISION_MISMATCH },
           { PHONE_IN_DELIVERY, place }, { PHONE_IN_USE, place }, { PHONES_TOO_MANY, place }: place in ARGV
]]
--- @include "life"

local id = ARGV[2]
local most = tonumber(ARGV[7])
local d = visible_delivery(id, ARGV[3])
if not d then return { NOT_FOUND } end
if not is_live(d) then return { ENDED } end

local expires = ARGV[4] ~= '' and tonumber(ARGV[4]) or d[EXPIRES]
if ARGV[4] ~= '' and (expires <= now or expires > d[CREATED] + tonumber(ARGV[5])) then return { EXPIRY_INVALID } end
if ARGV[8] ~= '' and tonumber(ARGV[8]) ~= d[REVISION] then return { REVISION_MISMATCH } end

local entering = {}

--- Why a phone may not come into this delivery; nil when it may.
local function refusal(phone)
  if has_tag(d[COURIER], phone) or has_tag(d[CUSTOMER], phone) then return PHONE_IN_DELIVERY end
  local other = redis.call('HGET', key('b', phone), d[NUMBER])
  if other and other ~= id and still_held(other) then return PHONE_IN_USE end
  return nil
end

local function enter(party, phone, primary)
  local code = refusal(phone)
  if code then return code end
  if not primary and #d[party] >= most * TAG_LENGTH then return PHONES_TOO_MANY end
  if primary then
    local old = string.sub(d[party], 1, TAG_LENGTH)
    d[FORMER] = d[FORMER] .. old
    d[party] = phone .. string.sub(d[party], TAG_LENGTH + 1)
  else
    d[party] = d[party] .. phone
  end
  d[FORMER] = without_tag(d[FORMER], phone)
  -- Phones that left stay reserved, so their number has a bound too.
  if #d[FORMER] > 16 * TAG_LENGTH then return PHONES_TOO_MANY end
  entering[#entering + 1] = phone
  return nil
end

for place = 10, 13 do
  local phone = ARGV[place]
  local party = (place == 10 or place == 12) and COURIER or CUSTOMER
  local primary = place < 12
  -- Setting the phone that is set already changes nothing.
  if phone ~= '' and not (primary and string.sub(d[party], 1, TAG_LENGTH) == phone) then
    local code = enter(party, phone, primary)
    if code then return { code, place } end
  end
end

for _, phone in ipairs(entering) do
  redis.call('HSET', key('b', phone), d[NUMBER], id)
end
if #entering > 0 then
  d[SEALED] = ARGV[9]
  d[REVISION] = d[REVISION] + 1
end
if ARGV[6] ~= '' then d[DIRECTION] = tonumber(ARGV[6]) end
local sooner = expires < d[EXPIRES]
d[EXPIRES] = expires
save_delivery(id, d)
-- A later expiry is found out when the old reminder comes; an earlier one needs its own.
if sooner then remind(id, expires) end
return view(d)
