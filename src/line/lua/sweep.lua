--[[
  Looks at deliveries whose time has come: counts expired ones out, removes those out of quarantine.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 how many at most

  Result   { how many were looked at, version of the numbers, as epochs.lua … }; as many as asked for: there may be more
]]
--- @include "life"

local EPOCHS_KEPT = 3600000

local function look_at(id)
  local d = load_delivery(id)
  if not d then return end
  if now >= held_until(d) then return remove_delivery(id, d) end
  if is_live(d) then return remind(id, d[EXPIRES]) end
  -- One that was closed has its own reminder for the end of its quarantine.
  if d[END] == 0 then end_delivery(id, d, d[EXPIRES]) end
end

local most, seen = tonumber(ARGV[2]), 0
while seen < most do
  local moment = redis.call('ZRANGEBYSCORE', key('due'), '-inf', now, 'LIMIT', 0, 1)[1]
  if not moment then break end
  local ids = redis.call('LPOP', key('due', moment), most - seen)
  if not ids then
    redis.call('ZREM', key('due'), moment)
  else
    seen = seen + #ids
    for _, id in ipairs(ids) do look_at(id) end
  end
end
-- What is over counts no more; it is kept a while for a clock that goes back.
local over = false
for name, at in pairs(held_epochs) do
  if at <= now - EPOCHS_KEPT then
    held_epochs[name] = nil
    over = true
  end
end
if over then save_epochs() end
return { seen, tonumber(redis.call('GET', key('numv')) or 0), unpack(epochs()) }
