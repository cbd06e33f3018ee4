--- @include "tags"

-- One delivery as a msgpack array in d:{pool}:<id>: one small string instead of a hash, because the
-- sealed data would push a hash out of its compact form. Places in the array:
local SHOP = 1
local NUMBER = 2        -- digits of the proxy number, without plus
local DIRECTION = 3     -- who may start a call: 0 both, 1 courier, 2 customer
local CREATED = 4       -- ms
local EXPIRES = 5       -- ms
local QUARANTINE = 6    -- ms
local END = 7           -- ms, 0 while nobody has ended it; equal to EXPIRES when time did
local REVISION = 8      -- grows whenever the people are sealed anew
local REFERENCE = 9     -- slot in ref
local CODE = 10         -- slot in code
local COURIER = 11      -- phone tags, one after the other, the first is the one to ring
local CUSTOMER = 12
local FORMER = 13       -- phones that left the delivery; the number stays reserved for them too
local FIRST_EPOCH = 14  -- its tags are of these epochs and of those between
local LAST_EPOCH = 15
local SEALED = 16

local function load_delivery(id)
  local packed = redis.call('GET', key('d', id))
  return packed and cmsgpack.unpack(packed) or nil
end

local function save_delivery(id, d)
  redis.call('SET', key('d', id), cmsgpack.pack(d))
end

local function is_live(d)
  return d[END] == 0 and now < d[EXPIRES]
end

--- When the number is free again for these people.
local function held_until(d)
  local ended = d[END]
  if ended == 0 then ended = d[EXPIRES] end
  return ended + d[QUARANTINE]
end

--- The one of a phone's tags under which it stands among others; nil when it does not.
local function tag_among(tags, phone)
  for _, wanted in ipairs(split(phone, TAG_LENGTH)) do
    for _, one in ipairs(split(tags, TAG_LENGTH)) do
      if one == wanted then return wanted end
    end
  end
  return nil
end

local function without_tag(tags, unwanted)
  local kept = {}
  for _, one in ipairs(split(tags, TAG_LENGTH)) do
    if one ~= unwanted then kept[#kept + 1] = one end
  end
  return table.concat(kept)
end

--- What find, change and close answer (line/view.ts).
local function view(d)
  return { OK, d[SHOP], d[NUMBER], d[DIRECTION], d[CREATED], d[EXPIRES], d[QUARANTINE], d[END], d[REVISION], now, d[SEALED], d[FIRST_EPOCH], d[LAST_EPOCH] }
end

--- The delivery of this shop as long as anybody may see it.
local function visible_delivery(id, shop)
  local d = load_delivery(id)
  if d and d[SHOP] == shop and now < held_until(d) then return d end
  return nil
end
