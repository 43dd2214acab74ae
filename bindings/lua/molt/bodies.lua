-- molt.bodies: from an object's table to its body, and what is left of it.

local bit = require "bit"
local core = require "molt.core"
local border = require "molt.border"
local shapes = require "molt.shapes"

local bodies = {}

local KEY, DEAD = shapes.KEY, shapes.DEAD
local objects = border.objects
local getmetatable, rawget, tobit = debug.getmetatable, rawget, bit.tobit

-- The shape of a living object's table; nil for anything else.
function bodies.of(o)
  if type(o) ~= "table" then return end
  local meta = getmetatable(o)
  local shape = meta and rawget(meta, KEY)
  if not shape then return end
  local slot = rawget(o, 0)
  if type(slot) == "number" and objects[tobit(slot)] == o then return shape end
end

-- The shape of a living object's table, without a look at its body; nil for
-- anything else.
function bodies.shape_of(o)
  local meta = getmetatable(o)
  return meta and rawget(meta, KEY)
end

-- name, tick of a destroyed object's table; nil for anything else. A number in
-- [0] is what is left: the object's place, and the tick of its end.
function bodies.epitaph(o)
  if type(o) ~= "table" then return end
  local meta = getmetatable(o)
  local class = meta and rawget(meta, DEAD)
  local number = rawget(o, 0)
  if not class or type(number) ~= "number" then return end
  return ("%s#%d"):format(class.name, number % 4294967296), math.floor(number / 4294967296)
end

function shapes.hooks.destroyed(o)
  local name, tick = bodies.epitaph(o)
  border.raise("destroyed", ("attempt to use a destroyed object (%s)"):format(name or "?"),
    tick and ("it was destroyed in tick %d"):format(tick))
end

function shapes.hooks.describe_destroyed(o)
  return ("destroyed %s"):format(bodies.epitaph(o) or "object")
end

border.callbacks[border.CLOSING] = function()
  bodies.closed = true
end

-- Why `o`, the first argument of a function, is no living object: an error blamed on the caller.
function bodies.raise_unfit(o, name)
  if bodies.epitaph(o) then return shapes.hooks.destroyed(o) end
  local _, code, text = core.object_info(o)
  border.raise(code, ("bad argument #1 to '%s' (object expected, got %s)"):format(name, text or type(o)))
end

function shapes.hooks.misuse(o, k)
  local slot = rawget(o, 0)
  local what = slot == nil and "it is gone" or "it holds "
    .. (type(slot) == "number" and objects[slot] and "another object's slot" or "a " .. type(slot))
  local text = "the body slot [0] of this object was overwritten: %s (at field '%s')"
  border.raise("body", text:format(what, tostring(k)),
    "[0] is molt's; give the object its fields by name, and copy objects with molt.clone")
end

return bodies
