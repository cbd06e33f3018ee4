--[[
  Gives two people one number, or nothing at all.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 id   3 shop   4 tag of the courier's phone   5 tag of the customer's phone
           6 expires (ms)   7 latest expiry from now (ms)   8 quarantine (ms)   9 direction
           10 reference slot   11 sealed   12 countries in order of preference, comma between
           13 '1': only these countries   14 length of the access code   15 its slot

  Result   { 0, number, length of access code that would do, now }
           { EXPIRY_INVALID } { REFERENCE_IN_USE } { POOL_UNKNOWN } { POOL_DRAINED }
           { CODE_CLASH, length that would do }: too short, or taken on this number
           { POOL_EXHAUSTED, 'geo' | 'busy' | 'quarantine', seconds until something becomes free }
]]
--- @include "life"

local id, shop, courier, customer = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local expires, quarantine = tonumber(ARGV[6]), tonumber(ARGV[8])
local courier_busy, customer_busy = key('b', courier), key('b', customer)

--- The first number of a set, least loaded first, that neither of the two has.
local function free_number(set)
  local from, size = 0, 8
  while true do
    local numbers = redis.call('ZRANGE', set, from, from + size - 1)
    if #numbers == 0 then return nil end
    local a = redis.call('HMGET', courier_busy, unpack(numbers))
    local b = redis.call('HMGET', customer_busy, unpack(numbers))
    for i = 1, #numbers do
      if not a[i] and not b[i] then return numbers[i] end
    end
    from, size = from + size, math.min(size * 4, 512)
  end
end

local function choose()
  for country in string.gmatch(ARGV[12], '%a+') do
    local number = free_number(key('load', country))
    if number then return number end
  end
  return ARGV[13] ~= '1' and free_number(key('load')) or nil
end

--- Clears what is over and was not swept yet. Answers how many, whether any reservation is a mere
--- quarantine, and when the next one ends.
local function clear(busy)
  local cleared, quarantined, soonest = 0, false, math.huge
  local held = redis.call('HGETALL', busy)
  for i = 1, #held, 2 do
    local still, d = still_held(held[i + 1])
    if still then
      quarantined = quarantined or not is_live(d)
      soonest = math.min(soonest, held_until(d))
    else
      redis.call('HDEL', busy, held[i])
      cleared = cleared + 1
    end
  end
  return cleared, quarantined, soonest
end

local function exhausted()
  local cleared_a, quarantined_a, soonest_a = clear(courier_busy)
  local cleared_b, quarantined_b, soonest_b = clear(customer_busy)
  local number = cleared_a + cleared_b > 0 and choose()
  if number then return number end
  local reason = (quarantined_a or quarantined_b) and 'quarantine' or 'busy'
  if ARGV[13] == '1' and free_number(key('load')) then reason = 'geo' end
  local soonest = math.min(soonest_a, soonest_b)
  local wait = soonest == math.huge and 60 or math.max(1, math.ceil((soonest - now) / 1000))
  return nil, { POOL_EXHAUSTED, reason, wait }
end

--- Three guesses must succeed with p < 1e-4: 3 × live / 10^length < 1e-4.
local function code_length(live)
  local length, space = 4, 10000
  while 30000 * live >= space do
    length, space = length + 1, space * 10
  end
  return length
end

if expires <= now or expires > now + tonumber(ARGV[7]) then return { EXPIRY_INVALID } end

local ref_hash, ref_field = slot('ref', ARGV[10])
local same = redis.call('HGET', ref_hash, ref_field)
if same then
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
local code_hash, code_field = slot('code', ARGV[15])
code_field = code_field .. number
if tonumber(ARGV[14]) < needed or redis.call('HEXISTS', code_hash, code_field) == 1 then return { CODE_CLASH, needed } end

-- From here on everything is written. Among equally loaded numbers the one used longest ago comes first:
-- the score is the live deliveries and, as fraction, the second of the last use.
local score = live + math.floor(now / 1000) / 4294967296
redis.call('ZADD', key('load'), score, number)
redis.call('ZADD', key('load', redis.call('HGET', key('num'), number)), score, number)
redis.call('HINCRBY', key('held'), number, 1)
redis.call('HSET', courier_busy, number, id)
redis.call('HSET', customer_busy, number, id)
redis.call('HSET', ref_hash, ref_field, id)
redis.call('HSET', code_hash, code_field, id)
save_delivery(id, { shop, number, tonumber(ARGV[9]), now, expires, quarantine, 0, 0, ARGV[10], ARGV[15], courier, customer, '', ARGV[11] })
remind(id, expires)
return { OK, number, needed, now }
