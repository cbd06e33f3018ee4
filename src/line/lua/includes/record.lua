--- @include "base"

-- One delivery as a msgpack array in d:{pool}:<id>: one small string instead of a hash, because the
-- sealed data would push a hash out of its compact form. Places in the array:
local SHOP = 1
local NUMBER = 2        -- digits of the proxy number, without plus
local DIRECTION = 3     -- who may start a call: 0 both, 1 courier, 2 customer
local CREATED = 4       -- ms
local EXPIRES = 5       -- ms
local QUARANTINE = 6    -- ms
local END = 7           -- ms, 0 while nobody has ended it; equal to EXPIRES when time did
local REVISION = 8      -- grows with every change of the people
local REFERENCE = 9     -- slot in ref
local CODE = 10         -- slot in code
local COURIER = 11      -- phone tags, one after the other, the first is the one to ring
local CUSTOMER = 12
local FORMER = 13       -- phones that left the delivery; the number stays reserved for them too
local SEALED = 14

local TAG_LENGTH = 22

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

local function has_tag(tags, wanted)
  for at = 1, #tags, TAG_LENGTH do
    if string.sub(tags, at, at + TAG_LENGTH - 1) == wanted then return true end
  end
  return false
end

local function without_tag(tags, unwanted)
  local kept = {}
  for at = 1, #tags, TAG_LENGTH do
    local one = string.sub(tags, at, at + TAG_LENGTH - 1)
    if one ~= unwanted then kept[#kept + 1] = one end
  end
  return table.concat(kept)
end

--- A slot is four characters of shard and the field in it: many small hashes stay compact.
local function slot(kind, s)
  return key(kind, string.sub(s, 1, 4)), string.sub(s, 5)
end

--- What find, change and close answer (line/view.ts).
local function view(d)
  return { OK, d[SHOP], d[NUMBER], d[DIRECTION], d[CREATED], d[EXPIRES], d[QUARANTINE], d[END], d[REVISION], now, d[SEALED] }
end

--- The delivery of this shop as long as anybody may see it.
local function visible_delivery(id, shop)
  local d = load_delivery(id)
  if d and d[SHOP] == shop and now < held_until(d) then return d end
  return nil
end
