--[[
  Changes a live delivery: all that is asked for, or nothing.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 id   4 shop
           5 expires (ms), '' to leave it   6 longest life (ms)   7 direction, '' to leave it
           8 most phones of a party
           9 revision that all of this was made from, '' when only the direction changes
           10 people sealed anew, '' to leave them
           11 tags of the courier's new phone, '' to leave it   12 the customer's
           13 tags of one more phone of the courier, ''   14 of the customer, ''

  Result   view (includes/record.lua), { NOT_FOUND }, { ENDED }, { EXPIRY_INVALID }, { REVISION_MISMATCH }, { EPOCHS … },
           { PHONE_IN_DELIVERY, place }, { PHONE_IN_USE, place }, { PHONES_TOO_MANY, place }: place in ARGV
]]
--- @include "life"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local id = ARGV[3]
local most = tonumber(ARGV[8])
local d = visible_delivery(id, ARGV[4])
if not d then return { NOT_FOUND } end
if not is_live(d) then return { ENDED } end

local expires = ARGV[5] ~= '' and tonumber(ARGV[5]) or d[EXPIRES]
if ARGV[5] ~= '' and (expires <= now or expires > d[CREATED] + tonumber(ARGV[6])) then return { EXPIRY_INVALID } end
if ARGV[9] ~= '' and tonumber(ARGV[9]) ~= d[REVISION] then return { REVISION_MISMATCH } end

local entering, returning = {}, {}

--- Why a phone may not come into this delivery; nil when it may.
local function refusal(phone)
  if tag_among(d[COURIER] .. d[CUSTOMER], phone) then return PHONE_IN_DELIVERY end
  for _, tag in ipairs(split(phone, TAG_LENGTH)) do
    local other = redis.call('HGET', key('b', tag), d[NUMBER])
    if other and other ~= id and still_held(other) then return PHONE_IN_USE end
  end
  return nil
end

local function enter(party, phone, primary)
  local code = refusal(phone)
  if code then return code end
  if not primary and #d[party] >= most * TAG_LENGTH then return PHONES_TOO_MANY end
  if primary then
    d[FORMER] = d[FORMER] .. first(d[party])
    d[party] = first(phone) .. string.sub(d[party], TAG_LENGTH + 1)
  else
    d[party] = d[party] .. first(phone)
  end
  -- One that left and comes back stands under its tag of the present epoch alone.
  local old = tag_among(d[FORMER], phone)
  if old then
    d[FORMER] = without_tag(d[FORMER], old)
    returning[#returning + 1] = old
  end
  -- Phones that left stay reserved, so their number has a bound too.
  if #d[FORMER] > 16 * TAG_LENGTH then return PHONES_TOO_MANY end
  entering[#entering + 1] = first(phone)
  return nil
end

for place = 11, 14 do
  local phone = ARGV[place]
  local party = (place == 11 or place == 13) and COURIER or CUSTOMER
  local primary = place < 13
  -- Setting the phone that is set already changes nothing.
  if phone ~= '' and not (primary and tag_among(first(d[party]), phone)) then
    local code = enter(party, phone, primary)
    if code then return { code, place } end
  end
end

for _, tag in ipairs(returning) do redis.call('HDEL', key('b', tag), d[NUMBER]) end
for _, tag in ipairs(entering) do redis.call('HSET', key('b', tag), d[NUMBER], id) end
if #entering > 0 then
  d[FIRST_EPOCH], d[LAST_EPOCH] = math.min(d[FIRST_EPOCH], epoch), math.max(d[LAST_EPOCH], epoch)
end
if ARGV[10] ~= '' then
  d[SEALED] = ARGV[10]
  d[REVISION] = d[REVISION] + 1
end
if ARGV[7] ~= '' then d[DIRECTION] = tonumber(ARGV[7]) end
local sooner = expires < d[EXPIRES]
d[EXPIRES] = expires
save_delivery(id, d)
-- A tag whose key was destroyed is kept for nobody.
for of, check in string.gmatch(ARGV[2], '(%d+):(%S+)') do
  local its_own = tonumber(of) >= d[FIRST_EPOCH] and tonumber(of) <= d[LAST_EPOCH]
  if its_own and check ~= 'gone' then keep(of .. ':' .. check, held_until(d)) end
end
-- A later expiry is found out when the old reminder comes; an earlier one needs its own.
if sooner then remind(id, expires) end
return view(d)
