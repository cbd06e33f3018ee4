--[[
  Applies shorter periods of a shop to deliveries that exist. Longer ones change nothing.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 shop   3 longest life (ms)   4 longest quarantine (ms)   5… ids

  Result   { deliveries whose life, those whose quarantine was shortened }
]]
--- @include "life"

local life, quarantine = tonumber(ARGV[3]), tonumber(ARGV[4])
local ended, released = 0, 0

local function shorten_life(id, d)
  local latest = d[CREATED] + life
  if not is_live(d) or d[EXPIRES] <= latest then return end
  ended = ended + 1
  if latest <= now then return end_delivery(id, d, now) end
  d[EXPIRES] = latest
  save_delivery(id, d)
  remind(id, latest)
end

local function shorten_quarantine(id, d)
  if d[QUARANTINE] <= quarantine then return end
  released = released + 1
  d[QUARANTINE] = quarantine
  save_delivery(id, d)
  -- A live one is looked at when it ends.
  if not is_live(d) then remind(id, held_until(d)) end
end

for at = 5, #ARGV do
  local d = load_delivery(ARGV[at])
  if d and d[SHOP] == ARGV[2] and now < held_until(d) then
    shorten_life(ARGV[at], d)
    shorten_quarantine(ARGV[at], d)
  end
end
return { ended, released }
