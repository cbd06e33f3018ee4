--- @include "record"

-- How a delivery ends and leaves. What others see follows from the times in the record alone;
-- the acts here only keep counts and give memory back, so it does no harm when they come late.

local DUE_STEP = 15000

--- Puts a delivery on the list of those to look at when `at` has passed.
local function remind(id, at)
  local moment = digits(math.ceil(at / DUE_STEP) * DUE_STEP)
  if redis.call('RPUSH', key('due', moment), id) == 1 then
    redis.call('ZADD', key('due'), moment, moment)
  end
end

--- One live delivery less on a number, in service or not. The score's fraction (last use) stays.
local function count_out(number)
  if redis.call('ZADD', key('load'), 'XX', 'INCR', -1, number) then
    redis.call('ZADD', key('load', redis.call('HGET', key('num'), number)), 'XX', 'INCR', -1, number)
  else
    redis.call('ZADD', key('rest'), 'XX', 'INCR', -1, number)
  end
end

local function put_slot(kind, s, suffix, id)
  local hash, field = slot(kind, s)
  redis.call('HSET', hash, field .. suffix, id)
end

local function drop_slot(kind, s, suffix, id)
  local hash, field = slot(kind, s)
  field = field .. suffix
  if redis.call('HGET', hash, field) == id then redis.call('HDEL', hash, field) end
end

--- From now on it connects nobody. Its people keep the number in quarantine.
local function end_delivery(id, d, at)
  d[END] = at
  count_out(d[NUMBER])
  drop_slot('ref', d[REFERENCE], '', id)
  save_delivery(id, d)
  remind(id, held_until(d))
end

--- Quarantine over: nothing of it stays.
local function remove_delivery(id, d)
  if d[END] == 0 then count_out(d[NUMBER]) end
  for _, tag in ipairs(split(d[COURIER] .. d[CUSTOMER] .. d[FORMER], TAG_LENGTH)) do
    local busy = key('b', tag)
    if redis.call('HGET', busy, d[NUMBER]) == id then redis.call('HDEL', busy, d[NUMBER]) end
  end
  drop_slot('ref', d[REFERENCE], '', id)
  drop_slot('code', d[CODE], d[NUMBER], id)
  redis.call('HINCRBY', key('held'), d[NUMBER], -1)
  redis.call('DEL', key('d', id), key('calls', id))
end

--- Whether a phone still has this number reserved through delivery `id`; clears away what is over.
local function still_held(id)
  local d = load_delivery(id)
  if not d then return false end
  if now < held_until(d) then return true, d end
  remove_delivery(id, d)
  return false
end
