--[[
  Says which numbers a pool has, and brings them into service or takes them out. Nothing of this touches
  a live delivery: a number that is out of service goes on connecting those it has.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 act   3 number, 4 country   5, 6 …
           configure: bring into service what was never heard of
           add: as configure, and what was drained or retired comes back
           drain: no new deliveries   retire: ours no more   list: nothing

  Result   list: { OK, version, number, country, state (0 in service, 1 draining, 2 retired), live, held, … }
           else: { OK, version }, { NUMBER_UNKNOWN }, { NUMBER_IN_USE }; a refusal changes nothing
]]
--- @include "base"

local act = ARGV[2]
local version = tonumber(redis.call('GET', key('numv')) or 0)

--- State and score of a number; no state when it was never heard of.
local function state_of(number)
  local score = redis.call('ZSCORE', key('load'), number)
  if score then return 0, score end
  score = redis.call('ZSCORE', key('rest'), number)
  if score then return 1, score end
  return redis.call('HEXISTS', key('num'), number) == 1 and 2 or nil, 0
end

local function held(number)
  return tonumber(redis.call('HGET', key('held'), number) or 0)
end

local function bring_in(number, country, score)
  redis.call('HSET', key('num'), number, country)
  redis.call('ZREM', key('rest'), number)
  redis.call('ZADD', key('load'), score, number)
  redis.call('ZADD', key('load', country), score, number)
end

local function take_out(number)
  redis.call('ZREM', key('load'), number)
  redis.call('ZREM', key('load', redis.call('HGET', key('num'), number)), number)
  redis.call('ZREM', key('rest'), number)
end

local acts = {
  configure = function(number, country, state)
    if state then return false end
    bring_in(number, country, 0)
    return true
  end,
  add = function(number, country, state, score)
    if state == 0 then return false end
    bring_in(number, country, score)
    return true
  end,
  drain = function(number, _, state, score)
    if state ~= 0 then return false end
    take_out(number)
    redis.call('ZADD', key('rest'), score, number)
    return true
  end,
  retire = function(number, _, state)
    if state == 2 then return false end
    take_out(number)
    return true
  end
}

if act == 'list' then
  local numbers = redis.call('HGETALL', key('num'))
  local answer = { OK, version }
  for i = 1, #numbers, 2 do
    local state, score = state_of(numbers[i])
    local at = #answer
    answer[at + 1], answer[at + 2], answer[at + 3] = numbers[i], numbers[i + 1], state
    answer[at + 4], answer[at + 5] = math.floor(tonumber(score)), held(numbers[i])
  end
  return answer
end

for at = 3, #ARGV, 2 do
  local state = state_of(ARGV[at])
  if not state and (act == 'drain' or act == 'retire') then return { NUMBER_UNKNOWN } end
  if act == 'retire' and held(ARGV[at]) > 0 then return { NUMBER_IN_USE } end
end
local changed = false
for at = 3, #ARGV, 2 do
  local state, score = state_of(ARGV[at])
  changed = acts[act](ARGV[at], ARGV[at + 1], state, score) or changed
end
if changed then version = redis.call('INCR', key('numv')) end
return { OK, version }
