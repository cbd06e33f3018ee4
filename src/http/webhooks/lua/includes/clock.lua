--- A Unix time in ms, or for '' that of this server: when a lane is looked at next must not hang on whose process asks.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
