-- Ends the record of an open call and counts the call, both once and together.
--
-- KEYS[1]  rec:{shop}:<day>   hash, call id → row
-- KEYS[2]  open:{shop}        sorted set, "<day>:<call id>" by end of its lease
-- KEYS[3]  rect:{shop}:<day>  hash, delivery id → how often it was tried that day, "!" behind it once they talked
-- KEYS[4]  stat:{shop}:<day>  hash, counter → count (statistics/counters.ts)
-- KEYS[5]  statdays:{shop}    sorted set, the days that have counters, by day
-- ARGV[1]  call id
-- ARGV[2]  "<day>:<call id>"
-- ARGV[3]  row
-- ARGV[4]  only if the lease is still this one; empty: in any case
-- ARGV[5]  day
-- ARGV[6]  outcome
-- ARGV[7]  reason
-- ARGV[8]  time until the answer (ms), ARGV[9] time of talk (ms); empty without an answer
-- ARGV[10] delivery whose parties were to reach each other; empty for a call to anybody else
-- ARGV[11] when the day's attempts go even if no deletion run has ever come (ms)
-- Result   { 1 finished, 0 it is not open, -1 its row was deleted meanwhile; which attempt of the day this was or 0;
--            1 when it was the first to reach }
local lease = redis.call('ZSCORE', KEYS[2], ARGV[2])
if not lease then return { 0, 0, 0 } end
if ARGV[4] ~= '' and tonumber(lease) ~= tonumber(ARGV[4]) then return { 0, 0, 0 } end
redis.call('ZREM', KEYS[2], ARGV[2])
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return { -1, 0, 0 } end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])

local function add(counter, by)
  redis.call('HINCRBY', KEYS[4], counter, by)
end

redis.call('ZADD', KEYS[5], ARGV[5], ARGV[5])
add('calls', 1)
add('outcome:' .. ARGV[6], 1)
add('reason:' .. ARGV[6] .. ':' .. ARGV[7], 1)
local reached = ARGV[8] ~= ''
if reached then
  add('ring', ARGV[8])
  add('talk', ARGV[9])
end
if ARGV[10] == '' then return { 1, 0, 0 } end

-- As in statistics/counters.ts.
local MOST = 5
local before = redis.call('HGET', KEYS[3], ARGV[10]) or '0'
local tries, was_reached = tonumber(string.match(before, '^%d+')), string.sub(before, -1) == '!'
local attempt = tries + 1
if attempt <= MOST then
  if tries > 0 then add('tried:' .. tries, -1) end
  add('tried:' .. attempt, 1)
end
local first = reached and not was_reached
if first then add('reached:' .. math.min(attempt, MOST), 1) end
redis.call('HSET', KEYS[3], ARGV[10], attempt .. ((reached or was_reached) and '!' or ''))
redis.call('PEXPIREAT', KEYS[3], ARGV[11])
return { 1, attempt, first and 1 or 0 }
