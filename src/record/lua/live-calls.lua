-- How many calls of a shop are under way, in any process.
--
-- KEYS[1]  open:{shop}  sorted set, "<day>:<call id>" by end of its lease
-- ARGV[1]  rec:{shop}:, to which a day is added
-- Result   { under way, of these: talking }
local live, talking = 0, 0
for _, place in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local day, id = string.match(place, '^(%d+):(.+)$')
  local row = day and redis.call('HGET', ARGV[1] .. day, id)
  if row then
    live = live + 1
    -- The time of the answer; no text of ours in a row looks like this.
    if string.find(row, ',"a":%d') then talking = talking + 1 end
  end
end
return { live, talking }
