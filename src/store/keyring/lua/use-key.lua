--[[
  The key of a scope; made when there was none and it may begin.

  KEYS[1]  key:{keys}:<purpose>.<owner>, see redis-shelf.ts
  ARGV     1 period   2 needed until (ms)   3 the key to be made, or '' when none may begin

  Result   { '1' made just now or '0', the key } or { '0', '' }: destroyed, or may not begin
]]
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept then
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
  return { '1', ARGV[3] }
end
local created, needed, rest = string.match(kept, '^(%d+):(%d+)(:.*)$')
if not created then return { '0', '' } end
if tonumber(needed) < tonumber(ARGV[2]) then
  kept = created .. ':' .. ARGV[2] .. rest
  redis.call('HSET', KEYS[1], ARGV[1], kept)
end
return { '0', kept }
