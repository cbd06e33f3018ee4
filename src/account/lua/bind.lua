--[[
  Notes where the phone of an account is, or that it is nowhere, as long as the account lives.

  KEYS[1]  pool:{pool}
  ARGV     1 account   2 sealed address, or '' for nowhere   3 for how long (ms)

  Result   1 done, 0 the account has ended
]]
local tag = string.match(KEYS[1], '{.*}')
local bound = 'bound:' .. tag .. ':' .. ARGV[1]

local left = redis.call('PTTL', 'acct:' .. tag .. ':' .. ARGV[1])
if left <= 0 then return 0 end
if ARGV[2] == '' then redis.call('DEL', bound)
else redis.call('SET', bound, ARGV[2], 'PX', math.min(left, tonumber(ARGV[3]))) end
return 1
