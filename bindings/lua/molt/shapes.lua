-- molt.shapes: the metatables of objects, one for each shape, kept up to date.
--
-- A shape's record is { id, info, class, fields, methods, meta, body, pointer }. `methods`
-- is flat: every name any layer defines, with what wins. It changes when
-- something is defined, never when something is called.

local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local accessor = require "molt.accessor"
local thunk = require "molt.thunk"

local shapes = {}

-- In an object's metatable, its shape's record is found under this key.
shapes.KEY = {}

-- In the metatable of destroyed objects, their class is found under this key.
shapes.DEAD = {}

-- What the layer above says of a class, by handle: { name, strict }.
shapes.classes = {}

-- What objects do when asked for something else than a typed field; set by the
-- layer above. misuse(o, k), refuse(kind, v, k, o), assign(o, k, v, shape),
-- unknown(o, k, shape) for strict classes, describe(o) for tostring.
shapes.hooks = {}

local records = {}       -- by id

local head = ffi.typeof("molt_shape_head *")
local Shape = ffi.typeof("molt_shape *")

local function method_of(info, slot)
  return info.methods[slot + 1]
end

-- What stands in the flat table for a definition.
local function callable(shape, fn, native)
  if not native or not native.leaf then return fn end
  local trait = layout.trait(native.trait)
  return thunk.object(shape, trait, method_of(trait, native.slot)) or fn
end

local function resolve(shape, name)
  local fn, native = core.definition(shape.id, name)
  shape.methods[name] = callable(shape, fn, native)
end

local function resolve_all(shape)
  local methods = shape.methods
  for _, name in ipairs(core.names(shape.id)) do resolve(shape, name) end
  local iterate, gone = next, {}
  for name in iterate, methods do
    if core.definition(shape.id, name) == nil then gone[#gone + 1] = name end
  end
  for _, name in ipairs(gone) do methods[name] = nil end
end

local function make_meta(shape)
  local hooks, strict = shapes.hooks, shape.class.strict
  local meta = { __tostring = hooks.describe, __metatable = "object", [shapes.KEY] = shape }
  shape.meta = meta
  meta.__index, meta.__newindex = accessor.make(shape, {
    misuse = hooks.misuse,
    refuse = hooks.refuse,
    assign = function(o, k, v) return hooks.assign(o, k, v, shape) end,
    fallback = strict and function(o, k) return hooks.unknown(o, k, shape) end or nil,
  })
end

-- What is left of an object of the class when it has been destroyed.
local function make_tombstone(class)
  local raise = shapes.hooks.destroyed
  return {
    __index = raise, __newindex = raise, __call = raise,
    __tostring = shapes.hooks.describe_destroyed,
    __metatable = "destroyed object",
    ["molt.name"] = class.name,
    [shapes.DEAD] = class,
  }
end

local function make(id)
  local info = core.shape_info(id)
  local shape = {
    id = id,
    info = info,
    class = shapes.hooks.class(info.class),
    methods = {},
    body = layout.body(info),
    pointer = ffi.cast(Shape, info.pointer),
    head = ffi.cast(head, info.pointer),
    attach = {},                         -- trait or impl handle -> shape
    detach = {},                         -- trait handle -> shape
    lapse = {},                          -- shape -> traits that it lacks
  }
  shape.fields = accessor.fields(shape)
  make_meta(shape)
  resolve_all(shape)
  shape.class.tombstone = shape.class.tombstone or make_tombstone(shape.class)
  core.tombstones[id] = shape.class.tombstone
  return shape
end

-- The record of a shape.
function shapes.get(id)
  if not records[id] then
    local shape = make(id)
    -- A finalizer may have been faster: there is one record of a shape.
    records[id] = records[id] or shape
    core.metas[id] = records[id].meta
  end
  return records[id]
end

border.callbacks[border.SHAPE] = shapes.get

-- What goes into [0] of an object of that shape.
border.callbacks[border.CDATA] = function(id, pointer)
  return ffi.cast(shapes.get(id).body.pointer, pointer)
end

-- A change of layout gives the object another body; C installs it, with all others.
border.callbacks[border.STAGE] = function(o, pointer)
  local body = ffi.cast("molt_object *", pointer)
  local shape = shapes.at(body.shape)
  local staged = core.staged
  local n = #staged
  staged[n + 1], staged[n + 2], staged[n + 3] = o, ffi.cast(shape.body.pointer, body), shape.meta
  local draft = core.drafts[o]             -- { field, kind, value, … }: see molt.evolve
  if not draft then return end
  for i = 1, #draft, 3 do core.stage_write(draft[i + 1], draft[i], draft[i + 2]) end
end

border.callbacks[border.RELAID] = function()
  shapes.hooks.relaid()
end

-- The record of the shape a molt_shape * points to.
function shapes.at(pointer)
  return shapes.get(ffi.cast(head, pointer).id)
end

-- Neighbours, cached so that an attach needs no C call that may raise.
function shapes.attach(shape, trait, impl)
  local key = impl or trait
  local to = shape.attach[key]
  if not to or to.head.suspect ~= 0 then
    to = shapes.get(border.check(core.shape_attach(shape.id, trait, impl)))
    shape.attach[key] = to
  end
  return to
end

function shapes.detach(shape, trait)
  local to = shape.detach[trait]
  if not to or to.head.suspect ~= 0 then
    to = shapes.get(border.check(core.shape_detach(shape.id, trait)))
    shape.detach[trait] = to
  end
  return to
end

border.callbacks[border.CHANGED] = function()
  for id, name in core.next_change do
    local shape = records[id]
    if shape then (name and resolve or resolve_all)(shape, name) end
  end
end

return shapes
