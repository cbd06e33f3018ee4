--[[
  Ends the SIP account of a delivery's courier, with its registration.

  KEYS[1]  pool:{pool}
  ARGV     1 delivery id (local part)   2 shop

  Result   1 it has ended, 0 there was none of this shop
]]
local tag = string.match(KEYS[1], '{.*}')
local account = redis.call('GET', 'acctof:' .. tag .. ':' .. ARGV[1])
if not account or redis.call('HGET', 'acct:' .. tag .. ':' .. account, 's') ~= ARGV[2] then return 0 end
redis.call('DEL', 'acctof:' .. tag .. ':' .. ARGV[1], 'acct:' .. tag .. ':' .. account, 'bound:' .. tag .. ':' .. account, 'nonce:' .. tag .. ':' .. account)
return 1
