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

--- What was written in each epoch and by which key, `<epoch>:<check of its key>`, and until when it holds (ms).
local held_epochs = {}
for name, at in string.gmatch(redis.call('GET', key('epochs')) or '', '(%S+)=(%d+)') do held_epochs[name] = tonumber(at) end

local function save_epochs()
  local texts = {}
  for name, at in pairs(held_epochs) do texts[#texts + 1] = name .. '=' .. digits(at) end
  if #texts == 0 then return redis.call('DEL', key('epochs')) end
  redis.call('SET', key('epochs'), table.concat(texts, ' '))
end

--- What a process must know to send the right tags.
local function epochs()
  local answer = { EPOCHS, now }
  for name, at in pairs(held_epochs) do
    if at > now then answer[#answer + 1] = name end
  end
  return answer
end

--- ARGV[2] says where the sent tags come from: `<epoch>:<check>` of each, the present one first, space between;
--- at the end `<epoch>:gone` for those whose key was destroyed. Answers nil when that is the present epoch by
--- this clock and leaves out none that holds something; else what the process must know before it tries again.
local function disagreement()
  local function named(name) return string.find(ARGV[2], name, 1, true) end
  if named(epoch .. ':') ~= 1 then return epochs() end
  for name, at in pairs(held_epochs) do
    if at > now and not named(name) and not named(string.match(name, '^%d+:') .. 'gone') then return epochs() end
  end
  return nil
end

--- Says that tags of an epoch are needed until a time; rounded up, so that there is seldom something to write.
local function keep(name, at)
  at = math.ceil(at / KEPT_STEP) * KEPT_STEP
  if at <= (held_epochs[name] or 0) then return end
  held_epochs[name] = at
  save_epochs()
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
