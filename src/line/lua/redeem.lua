--[[
  Lets a party in from a phone that its delivery does not know, when it knows the access code.
  A wrong code is answered alike for every number, ours or not, with deliveries or without.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 tags of the caller's phone   4 number (digits)
           5 call id   6 lease (ms)   7 … 10 limits as in lookup.lua   11 slots of the code
           12 party that the caller says to be (0, 1)   13 tags of the number
           14 how long a wrong code is remembered at most (ms)
           15 … 26 for the caller, the number and the pool: wrong codes before the first wait, time in which
           one is forgiven (ms), first wait (ms), longest wait (ms)

  Result   { kind, id, shop, party, sealed, usage } (includes/admit.lua), { EPOCHS … }
           { WRONG, wrong codes that the caller may still enter } { BLOCKED, seconds to wait }
]]
--- @include "admit"

-- As in line/redeem.ts.
local WRONG = 8
local BLOCKED = 9

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local memory = tonumber(ARGV[14])

--- Counters of a phone or a number, that of the present epoch first.
local function counters(kind, tags)
  local hashes = {}
  for i, tag in ipairs(split(tags, TAG_LENGTH)) do hashes[i] = key('try', kind .. ':' .. tag) end
  return hashes
end

-- Of the caller, the number and the pool: level of wrong codes, when it was counted, and the end of the wait.
-- All epochs are looked at and the present one is written, so the turn of an epoch forgives nobody.
local subjects = { counters('c', ARGV[3]), counters('n', ARGV[13]), { key('try', 'p') } }

local function waits_until()
  local latest = 0
  for _, hashes in ipairs(subjects) do
    for _, hash in ipairs(hashes) do latest = math.max(latest, tonumber(redis.call('HGET', hash, 'until') or 0)) end
  end
  return latest
end

local function level_of(hashes, forgiven)
  local level = 0
  for _, hash in ipairs(hashes) do
    local before = redis.call('HMGET', hash, 'level', 'at')
    if before[1] then level = math.max(level, tonumber(before[1]) - (now - tonumber(before[2])) / forgiven) end
  end
  return level
end

--- A bucket that leaks: every wrong code raises the level, time lowers it; from the brim on each one
--- doubles the wait. Answers how many more there is room for.
local function count_wrong(hashes, at)
  local free, forgiven, shortest, longest = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local level = math.min(level_of(hashes, forgiven) + 1, (memory - longest) / forgiven)
  redis.call('HSET', hashes[1], 'level', level, 'at', digits(now))
  if level >= free then
    local wait = math.min(longest, shortest * 2 ^ math.min(math.floor(level - free + 0.5), 30))
    redis.call('HSET', hashes[1], 'until', digits(now + wait))
  end
  local life = level * forgiven + longest
  redis.call('PEXPIRE', hashes[1], digits(life))
  keep(present(), now + life)
  return math.max(0, math.ceil(free - level))
end

--- The delivery that a code of this number belongs to.
local function delivery_of(slots, number)
  for _, s in ipairs(split(slots, SLOT_LENGTH)) do
    local hash, field = slot('code', s)
    local id = redis.call('HGET', hash, field .. number)
    local d = id and load_delivery(id)
    if d and now < held_until(d) then return id, d end
  end
  return nil
end

local free_at = waits_until()
if free_at > now then return { BLOCKED, math.ceil((free_at - now) / 1000) } end

local id, d = delivery_of(ARGV[11], ARGV[4])
if not id then
  local left = count_wrong(subjects[1], 15)
  count_wrong(subjects[2], 19)
  count_wrong(subjects[3], 23)
  return { WRONG, left }
end
local call, limits = admit_args(5)
return admit(id, d, tonumber(ARGV[12]), first(ARGV[3]), call, limits)
