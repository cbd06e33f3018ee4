--- @include "base"

-- One phone, reference or code has one tag for each epoch in which something was written that still holds
-- (docs/architecture.md, "Keys and epochs"). A process sends all of them, and which epochs it took them from;
-- whether that is right is decided here, by the pool's own data and the clock that decides everything else.

-- As in line/tags.ts.
local EPOCH = 604800000
local TAG_LENGTH = 22
local SLOT_LENGTH = 18
local KEPT_STEP = 60000

local epoch = math.floor(now / EPOCH)

--- The epochs that hold something, as `<epoch>:<check of its key>`.
local function holding()
  return redis.call('ZRANGEBYSCORE', key('epochs'), now + 1, '+inf')
end

--- What a process must know to send the right tags.
local function epochs()
  return { EPOCHS, now, unpack(holding()) }
end

--- ARGV[2] says where the sent tags come from: `<epoch>:<check>` of each, the present one first, space between;
--- at the end `<epoch>:gone` for those whose key was destroyed. Answers nil when that is the present epoch by
--- this clock and leaves out none that holds something; else what the process must know before it tries again.
local function disagreement()
  local function named(name) return string.find(ARGV[2], name, 1, true) end
  if named(epoch .. ':') ~= 1 then return epochs() end
  for _, name in ipairs(holding()) do
    if not named(name) and not named(string.match(name, '^%d+:') .. 'gone') then return epochs() end
  end
  return nil
end

--- Says that tags of an epoch are needed until a time. Rounded up: a score that stays costs Redis's file nothing.
local function keep(name, at)
  redis.call('ZADD', key('epochs'), 'GT', math.ceil(at / KEPT_STEP) * KEPT_STEP, name)
end

--- The name of the present epoch.
local function present()
  return string.match(ARGV[2], '^%S+')
end

--- Tags that stand one after the other.
local function split(text, length)
  local pieces = {}
  for at = 1, #text, length do pieces[#pieces + 1] = string.sub(text, at, at + length - 1) end
  return pieces
end

--- The first of several: among sent tags that of the present epoch, among a party's phones the one to ring.
local function first(tags)
  return string.sub(tags, 1, TAG_LENGTH)
end

--- A slot is four characters of shard and the field in it: many small hashes stay compact.
local function slot(kind, s)
  return key(kind, string.sub(s, 1, 4)), string.sub(s, 5)
end
