-- molt.static_chain: the patches of one static member of a trait or class.
--
--   entry.patches: { override 1, before 4, around 7 } ─▶ 7 answers, around 4, around 1
--
-- A wrapper keeps its place: what is beneath it is looked for at each call, so that
-- what is defined later is wrapped as well. It defines nothing: over what is no
-- function (any more), it is not there.

local wrap = require "molt.wrap"

local static_chain = {}

local serial = 0

-- What answers when all patches above the place do not count. `bare(...)` is the
-- member without its patches.
function static_chain.answer(patches, place, bare, ...)
  local low, value = place
  while low > 0 and patches[low].kind ~= "override" do low = low - 1 end
  if low > 0 then value = patches[low].value else value = bare(...) end
  if low < place and type(value) == "function" then return patches[place].value end
  return value
end

-- The place beneath a patch: also when it was removed meanwhile.
function static_chain.under(patches, number)
  local place = #patches
  while place > 0 and patches[place].number >= number do place = place - 1 end
  return place
end

local function results(fn, ...)
  fn()
  return ...
end

-- molt.wrap has methods in mind, which have a self; a function may be called without.
local function after(fn, following)
  local with = wrap.after(fn, following)
  return function(...)
    if select("#", ...) == 0 then return results(fn, following()) end
    return with(...)
  end
end

-- A patch, which is on no chain yet. `following(number, ...)` calls what is beneath it.
function static_chain.patch(kind, fn, following)
  serial = serial + 1
  local number = serial
  if kind == "override" then return { kind = kind, number = number, value = fn } end
  local function next_one(...) return following(number, ...) end
  return { kind = kind, number = number, value = (kind == "after" and after or wrap[kind])(fn, next_one) }
end

function static_chain.has_override(patches)
  for _, patch in ipairs(patches) do
    if patch.kind == "override" then return true end
  end
  return false
end

return static_chain
