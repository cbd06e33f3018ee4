--[[
  Where the phone of a delivery's courier is registered.

  KEYS[1]  pool:{pool}
  ARGV     1 delivery id (local part)

  Result   { account, shop, sealed address }, or nothing
]]
local tag = string.match(KEYS[1], '{.*}')
local account = redis.call('GET', 'acctof:' .. tag .. ':' .. ARGV[1])
if not account then return nil end
local address = redis.call('GET', 'bound:' .. tag .. ':' .. account)
local shop = redis.call('HGET', 'acct:' .. tag .. ':' .. account, 's')
if not address or not shop then return nil end
return { account, shop, address }
