--[[
  Counts a call out.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 delivery id, '' for a call that belongs to none   3 shop, '' when nobody knows it   4 call id
           5 ms for which phones were called   6 1: it was refused, and counts in no window of time either

  Result   1 when it counted for the shop
]]
--- @include "usage"

if ARGV[2] ~= '' then redis.call('ZREM', key('calls', ARGV[2]), ARGV[4]) end
if ARGV[3] == '' then return 0 end
return count_out_of(ARGV[3], ARGV[2], ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1')
