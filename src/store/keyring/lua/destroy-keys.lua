--[[
  Removes keys for ever. What is left says when, and keeps a scope from being used again.

  KEYS[1]  alive:{keys}   KEYS[2]  purge:{keys}, scopes whose keys may still be in the server's files
  KEYS[3]  last:{keys}, when something was destroyed last (ms)
  ARGV     1 now (ms)   2 how long a scope with a date is remembered (ms)   3 … scopes

  Result   for each scope '<destroyed at>:<fingerprint>' when its key was there now, or was destroyed earlier
           and may still be in the files; else ''
]]
local proofs = {}
for i = 3, #ARGV do
  local scope = ARGV[i]
  local key, gone = 'key:{keys}:' .. scope, 'gone:{keys}:' .. scope
  local fingerprint = redis.call('HGET', key, 'f')
  local proof = ARGV[1] .. ':' .. (fingerprint or '')
  if fingerprint or redis.call('EXISTS', gone) == 0 then
    redis.call('SET', gone, proof)
    if string.sub(scope, -2) ~= '.0' then redis.call('PEXPIRE', gone, ARGV[2]) end
  end
  if fingerprint then
    redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], scope)
    redis.call('SADD', KEYS[2], scope)
  end
  proofs[i - 2] = redis.call('SISMEMBER', KEYS[2], scope) == 1 and redis.call('GET', gone) or ''
end
if tonumber(redis.call('GET', KEYS[3]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[3], ARGV[1]) end
return proofs
