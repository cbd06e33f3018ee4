-- Deletes rows of a day with everything by which they are found; with the last one the day itself. A call that is under
-- way stays among the open ones: so its end finds that the row was deleted, and was not lost with a server.
--
-- KEYS[1]  rec:{shop}:<day>   hash, call id → row
-- KEYS[2]  recs:{shop}:<day>  sorted set, call id by start
-- KEYS[3]  recp:{shop}:<day>  sorted set, "<pseudonym>:<call id>"
-- KEYS[4]  rect:{shop}:<day>  hash, delivery id → how often it was tried
-- KEYS[5]  recdays:{shop}     sorted set, the days that have rows
-- KEYS[6]  a lock of the shop that must be held, if there is a token
-- ARGV[1]  day
-- ARGV[2]  recd:{shop}:, to which a delivery's id is added
-- ARGV[3]  token that the lock must hold, or empty
-- ARGV[4…] call ids, none to remove a day of which nothing is left
-- Result   how many rows were there, or -1 when the lock is another's
if ARGV[3] ~= '' and redis.call('GET', KEYS[6]) ~= ARGV[3] then return -1 end
local day, removed = ARGV[1], 0

local function forget(id, row)
  local ok, d = pcall(cjson.decode, row)
  if not ok then return end
  if d.c then redis.call('ZREM', KEYS[3], d.c .. ':' .. id) end
  if d.u then redis.call('ZREM', KEYS[3], d.u .. ':' .. id) end
  local calls = ARGV[2] .. d.d
  redis.call('ZREM', calls, day .. ':' .. id)
  if redis.call('EXISTS', calls) == 0 then redis.call('HDEL', KEYS[4], d.d) end
end

for i = 4, #ARGV do
  local id = ARGV[i]
  local row = redis.call('HGET', KEYS[1], id)
  if row then
    forget(id, row)
    redis.call('HDEL', KEYS[1], id)
    removed = removed + 1
  end
  redis.call('ZREM', KEYS[2], id)
end

if redis.call('HLEN', KEYS[1]) == 0 then
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
  redis.call('ZREM', KEYS[5], day)
end
return removed
