-- molt.beneath: the `next` of a wrapper: what is beneath it, at each call.
--
-- Found by the wrapper's place, never by looking its name up through the object
-- again. A wrapper of a class stands in that class, and what is beneath it is the
-- same for all objects of one shape: it is kept in the shape's record until a name
-- of the shape resolves anew. Lua functions are called as they are, so that they
-- may yield; native ones by C (bindings/src/beneath.c).

local core = require "molt.core"
local border = require "molt.border"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local view = require "molt.view"

local beneath = {}

local KEY, state = shapes.KEY, border.state
local getmetatable, rawget = debug.getmetatable, rawget

-- The collector may run a finalizer that edits the name while it is looked up:
-- then the answer holds for this call alone.
local function find(shape, place, key)
  local epoch = state.epoch
  local fn = core.beneath(shape.id, place.name, place.class, place.number)
  if fn == nil then
    border.raise("missing", ("nothing is left of method '%s' beneath this %s"):format(place.name, place.kind))
  end
  if key and state.epoch == epoch then shape.beneath[key] = fn end
  return fn
end

-- A function that calls what is beneath a place: { name, kind } for the lowest
-- patch of an object, with `class` and `number` too for a wrapper of a class.
function beneath.next(place)
  local function call(self, ...)
    local meta = getmetatable(self)
    local shape = meta and rawget(meta, KEY)
    if not shape then
      local o = view.object(self)
      if o == nil then return bodies.raise_unfit(self, "next") end
      return call(o, ...)
    end
    local key = place.key
    local fn = shape.beneath[key]
    if fn == nil then fn = find(shape, place, key) end
    return fn(self, ...)
  end
  return call
end

return beneath
