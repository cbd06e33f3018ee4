--[[
  How much a shop calls; counts one more call in where one is given.

  KEYS[1]  pool:{pool}
  ARGV     1 now   2 shop   3 call id of a call that belongs to no delivery, '' to look only   4 its lease (ms)
           5 number that it shows (digits), '' to look only

  Result   as usage() in includes/usage.lua
]]
--- @include "usage"

if ARGV[3] ~= '' then count_in(ARGV[2], { ARGV[3], tonumber(ARGV[4]) }, '', ARGV[5]) end
return usage(ARGV[2], '', '', ARGV[5])
