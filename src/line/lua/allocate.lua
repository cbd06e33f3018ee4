--[[
  Gives two people one number, or nothing at all.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 epochs (includes/tags.lua)   3 id   4 shop
           5 tags of the courier's phone   6 tags of the customer's phone
           7 expires (ms)   8 latest expiry from now (ms)   9 quarantine (ms)   10 direction
           11 reference slots   12 sealed   13 countries in order of preference, comma between
           14 '1': only these countries   15 length of the access code   16 its slots

  Result   { 0, number, length of access code that would do, now }
           { EXPIRY_INVALID } { REFERENCE_IN_USE } { POOL_UNKNOWN } { POOL_DRAINED } { EPOCHS … }
           { CODE_CLASH, length that would do }: too short, or taken on this number
           { POOL_EXHAUSTED, 'geo' | 'busy' | 'quarantine', seconds until something becomes free }
]]
--- @include "life"

local other_epochs = disagreement()
if other_epochs then return other_epochs end

local id, shop, courier, customer = ARGV[3], ARGV[4], first(ARGV[5]), first(ARGV[6])
local expires, quarantine = tonumber(ARGV[7]), tonumber(ARGV[9])

--- What the two people have, in all epochs.
local busy = {}
for i, tag in ipairs(split(ARGV[5] .. ARGV[6], TAG_LENGTH)) do busy[i] = key('b', tag) end

--- The first number of a set, least loaded first, that neither of the two has.
local function free_number(set)
  local from, size = 0, 8
  while true do
    local numbers = redis.call('ZRANGE', set, from, from + size - 1)
    if #numbers == 0 then return nil end
    local taken = {}
    for _, hash in ipairs(busy) do
      local holders = redis.call('HMGET', hash, unpack(numbers))
      for i = 1, #numbers do taken[i] = taken[i] or holders[i] end
    end
    for i = 1, #numbers do
      if not taken[i] then return numbers[i] end
    end
    from, size = from + size, math.min(size * 4, 512)
  end
end

local function choose()
  for country in string.gmatch(ARGV[13], '%a+') do
    local number = free_number(key('load', country))
    if number then return number end
  end
  return ARGV[14] ~= '1' and free_number(key('load')) or nil
end

--- Clears what is over and was not swept yet. Answers how many, whether any reservation is a mere
--- quarantine, and when the next one ends.
local function clear()
  local cleared, quarantined, soonest = 0, false, math.huge
  for _, hash in ipairs(busy) do
    local held = redis.call('HGETALL', hash)
    for i = 1, #held, 2 do
      local still, d = still_held(held[i + 1])
      if still then
        quarantined = quarantined or not is_live(d)
        soonest = math.min(soonest, held_until(d))
      else
        redis.call('HDEL', hash, held[i])
        cleared = cleared + 1
      end
    end
  end
  return cleared, quarantined, soonest
end

local function exhausted()
  local cleared, quarantined, soonest = clear()
  local number = cleared > 0 and choose()
  if number then return number end
  local reason = quarantined and 'quarantine' or 'busy'
  if ARGV[14] == '1' and free_number(key('load')) then reason = 'geo' end
  local wait = soonest == math.huge and 60 or math.max(1, math.ceil((soonest - now) / 1000))
  return nil, { POOL_EXHAUSTED, reason, wait }
end

--- What stands in a slot, in whichever epoch.
local function in_slots(kind, slots, suffix)
  local found = {}
  for _, s in ipairs(split(slots, SLOT_LENGTH)) do
    local hash, field = slot(kind, s)
    found[#found + 1] = redis.call('HGET', hash, field .. suffix) or nil
  end
  return found
end

--- Three guesses must succeed with p < 1e-4: 3 × live / 10^length < 1e-4.
local function code_length(live)
  local length, space = 4, 10000
  while 30000 * live >= space do
    length, space = length + 1, space * 10
  end
  return length
end

if expires <= now or expires > now + tonumber(ARGV[8]) then return { EXPIRY_INVALID } end

for _, same in ipairs(in_slots('ref', ARGV[11], '')) do
  local d = load_delivery(same)
  if d and is_live(d) then return { REFERENCE_IN_USE } end
end

if redis.call('EXISTS', key('load')) == 0 then
  return { redis.call('EXISTS', key('num')) == 0 and POOL_UNKNOWN or POOL_DRAINED }
end

local number, refusal = choose(), nil
if not number then
  number, refusal = exhausted()
  if not number then return refusal end
end

local live = math.floor(tonumber(redis.call('ZSCORE', key('load'), number))) + 1
local needed = code_length(live)
if tonumber(ARGV[15]) < needed or #in_slots('code', ARGV[16], number) > 0 then return { CODE_CLASH, needed } end

-- From here on everything is written. Among equally loaded numbers the one used longest ago comes first:
-- the score is the live deliveries and, as fraction, the second of the last use.
local score = live + math.floor(now / 1000) / 4294967296
redis.call('ZADD', key('load'), score, number)
redis.call('ZADD', key('load', redis.call('HGET', key('num'), number)), score, number)
redis.call('HINCRBY', key('held'), number, 1)
redis.call('HSET', key('b', courier), number, id)
redis.call('HSET', key('b', customer), number, id)
-- What is written goes to the first of the slots, that of the present epoch.
local reference, code = string.sub(ARGV[11], 1, SLOT_LENGTH), string.sub(ARGV[16], 1, SLOT_LENGTH)
put_slot('ref', reference, '', id)
put_slot('code', code, number, id)
save_delivery(id, {
  shop, number, tonumber(ARGV[10]), now, expires, quarantine, 0, 0, reference, code,
  courier, customer, '', epoch, epoch, ARGV[12]
})
keep(present(), expires + quarantine)
remind(id, expires)
return { OK, number, needed, now }
