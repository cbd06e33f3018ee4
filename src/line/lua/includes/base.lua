-- What every script of this room begins with: key names as in store/keys.ts, the time, result codes.

--- KEYS[1] is pool:{id}; its tag keeps every other key on the same cluster slot.
local tag = string.match(KEYS[1], '{.*}')

local function key(kind, rest)
  if rest then return kind .. ':' .. tag .. ':' .. rest end
  return kind .. ':' .. tag
end

--- ARGV[1]: Unix time in ms, or '' for the server's own clock, which all processes share.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = clock(ARGV[1])

--- Milliseconds as text, without an exponent.
local function digits(n)
  return string.format('%.0f', n)
end

-- As in line/scripts.ts.
local OK = 0
local NOT_FOUND = -1
local ENDED = -2
local EXPIRY_INVALID = -3
local REFERENCE_IN_USE = -4
local PHONE_IN_USE = -5
local PHONE_IN_DELIVERY = -6
local PHONES_TOO_MANY = -7
local POOL_EXHAUSTED = -8
local POOL_DRAINED = -9
local POOL_UNKNOWN = -10
local CODE_CLASH = -11
local REVISION_MISMATCH = -12
local NUMBER_UNKNOWN = -13
local NUMBER_IN_USE = -14
local EPOCHS = -15
