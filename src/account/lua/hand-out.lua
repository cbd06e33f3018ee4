--[[
  Makes a SIP account for the courier of a delivery; the one before, if any, ends with its registration.

  KEYS[1]  pool:{pool}
  ARGV     1 delivery id (local part)   2 account   3 shop   4 sealed secret   5 end (Unix ms)

  Result   0
]]
local tag = string.match(KEYS[1], '{.*}')
local id, account, ends = ARGV[1], ARGV[2], ARGV[5]

local former = redis.call('GET', 'acctof:' .. tag .. ':' .. id)
if former then
  redis.call('DEL', 'acct:' .. tag .. ':' .. former, 'bound:' .. tag .. ':' .. former, 'nonce:' .. tag .. ':' .. former)
end
redis.call('HSET', 'acct:' .. tag .. ':' .. account, 's', ARGV[3], 'd', ARGV[4])
redis.call('PEXPIREAT', 'acct:' .. tag .. ':' .. account, ends)
redis.call('SET', 'acctof:' .. tag .. ':' .. id, account, 'PXAT', ends)
return 0
