--[[
  Says what time it is and which epochs hold something (includes/tags.lua).

  KEYS[1]  pool:{pool}
  ARGV     1 now

  Result   { EPOCHS, now, '<epoch>:<check of its key>' … }
]]
--- @include "tags"

return epochs()
