--[[
  Uses a nonce once more: its count must have grown (RFC 7616 §3.4, nc), so that what was overheard is good for nothing.

  KEYS[1]  pool:{pool}
  ARGV     1 account   2 nonce   3 count   4 life of a nonce (ms)

  Result   1 it is fresh, 0 it was used before
]]
local tag = string.match(KEYS[1], '{.*}')
local key = 'nonce:' .. tag .. ':' .. ARGV[1]
local count = tonumber(ARGV[3])

if count <= tonumber(redis.call('HGET', key, ARGV[2]) or 0) then return 0 end
redis.call('HSET', key, ARGV[2], count)
redis.call('PEXPIRE', key, ARGV[4])
return 1
