--[[
  Lets a party in from a phone that its delivery does not know, when it knows the access code.
  A wrong code is answered alike for every number, ours or not, with deliveries or without.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 tag of the caller's phone   3 number (digits)   4 call id   5 lease (ms)
           6 … 9 limits as in lookup.lua   10 slot of the code   11 party that the caller says to be (0, 1)
           12 tag of the number
           13 … 24 for the caller, the number and the pool: wrong codes before the first wait, time in which
           one is forgiven (ms), first wait (ms), longest wait (ms)

  Result   { kind, id, shop, party, sealed } (includes/admit.lua)
           { WRONG, wrong codes that the caller may still enter } { BLOCKED, seconds to wait }
]]
--- @include "admit"

-- As in line/redeem.ts.
local WRONG = 8
local BLOCKED = 9

local caller, number = ARGV[2], ARGV[3]

-- A hash each: level of wrong codes, when it was counted, and the end of the wait.
local subjects = { key('try', 'c:' .. caller), key('try', 'n:' .. ARGV[12]), key('try', 'p') }

local function waits_until()
  local latest = 0
  for _, subject in ipairs(subjects) do
    latest = math.max(latest, tonumber(redis.call('HGET', subject, 'until') or 0))
  end
  return latest
end

--- A bucket that leaks: every wrong code raises the level, time lowers it; from the brim on each one
--- doubles the wait. Answers how many more there is room for.
local function count_wrong(subject, at)
  local free, forgiven, first, longest = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local before = redis.call('HMGET', subject, 'level', 'at')
  local level = math.max(0, tonumber(before[1] or 0) - (now - tonumber(before[2] or now)) / forgiven) + 1
  redis.call('HSET', subject, 'level', level, 'at', digits(now))
  if level >= free then
    local wait = math.min(longest, first * 2 ^ math.min(math.floor(level - free + 0.5), 30))
    redis.call('HSET', subject, 'until', digits(now + wait))
  end
  redis.call('PEXPIRE', subject, digits(level * forgiven + longest))
  return math.max(0, math.ceil(free - level))
end

local free_at = waits_until()
if free_at > now then return { BLOCKED, math.ceil((free_at - now) / 1000) } end

local hash, field = slot('code', ARGV[10])
local id = redis.call('HGET', hash, field .. number)
local d = id and load_delivery(id)
if not d or now >= held_until(d) then
  local left = count_wrong(subjects[1], 13)
  count_wrong(subjects[2], 17)
  count_wrong(subjects[3], 21)
  return { WRONG, left }
end
local call, limits = admit_args(4)
return admit(id, d, tonumber(ARGV[11]), caller, call, limits)
