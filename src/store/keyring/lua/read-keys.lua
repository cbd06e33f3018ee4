--[[
  What is kept of each key.

  KEYS     key:{keys}:<scope> …

  Result   one list of field, value … for each; empty where there is no such key
]]
local found = {}
for i = 1, #KEYS do found[i] = redis.call('HGETALL', KEYS[i]) end
return found
