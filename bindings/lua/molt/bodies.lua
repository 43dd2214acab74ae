-- molt.bodies: from an object's table to its body, and the end of both.

local ffi = require "ffi"
local bit = require "bit"
local core = require "molt.core"
local border = require "molt.border"
local shapes = require "molt.shapes"

local bodies = {}

local KEY = shapes.KEY
local objects, state = border.objects, border.state
-- The public setmetatable refuses: our metatables are guarded.
local getmetatable, move_metatable = debug.getmetatable, debug.setmetatable
local rawget, istype = rawget, ffi.istype

-- molt__object_flag in core/src/object.h
local HOST, BODY, VIEWED = 1, 8, 16

-- shape, body of a living object's table; nil for anything else.
function bodies.of(o)
  if type(o) ~= "table" then return end
  local meta = getmetatable(o)
  local shape = meta and rawget(meta, KEY)
  if not shape then return end
  local b = rawget(o, 0)
  if istype(shape.body.pointer, b) and objects[b.molt_slot] == o then return shape, b end
end

-- The stable record behind a body that may have been moved.
function bodies.record(b)
  local record = b.molt_object
  if bit.band(record.flags, BODY) ~= 0 then return record.peer end
  return record
end

-- A number that says which object it is, for as long as it lives.
function bodies.id(b)
  return border.id(bodies.record(b))
end

-- "Car#12"
function bodies.name(shape, id)
  return ("%s#%d"):format(shape.class.name, id % 4294967296)
end

-- A destroyed object keeps a number in [0]: its place, and the tick of its end.
local function epitaph(id)
  return id % 4294967296 + state.tick % 2097152 * 4294967296
end

-- name, tick of a destroyed object's table; nil for anything else.
function bodies.epitaph(o)
  if type(o) ~= "table" then return end
  local meta = getmetatable(o)
  local class = meta and rawget(meta, bodies)
  local number = rawget(o, 0)
  if not class or type(number) ~= "number" then return end
  return ("%s#%d"):format(class.name, number % 4294967296), math.floor(number / 4294967296)
end

local tombstones = {}      -- class -> metatable of its destroyed objects

local function raise_destroyed(o)
  local name, tick = bodies.epitaph(o)
  border.raise("destroyed", ("attempt to use a destroyed object (%s)"):format(name or "?"),
    tick and ("it was destroyed in tick %d"):format(tick))
end

local function tombstone(class)
  local meta = tombstones[class]
  if not meta then
    meta = {
      __index = raise_destroyed,
      __newindex = raise_destroyed,
      __call = raise_destroyed,
      __tostring = function(o) return ("destroyed %s"):format(bodies.epitaph(o) or class.name) end,
      __metatable = "destroyed object",
      [bodies] = class,
    }
    tombstones[class] = meta
  end
  return meta
end

local View = ffi.typeof("molt_view *")
local views = {}           -- trait handle -> weak table: object id -> view

-- Views of one trait, by object id.
function bodies.views(trait)
  local of = views[trait]
  if not of then
    of = setmetatable({}, { __mode = "v" })
    views[trait] = of
  end
  return of
end

-- The object has views from now on.
function bodies.mark_viewed(record)
  record.flags = bit.bor(record.flags, VIEWED)
end

function bodies.is_viewed(record)
  return bit.band(record.flags, VIEWED) ~= 0
end

-- Does native code or the host hold the object?
function bodies.held(record)
  return record.retains > 0 or bit.band(record.flags, HOST) ~= 0
end

local function null_view(of, id)
  local view = of[id]
  if not view then return end
  local v = ffi.cast(View, view)
  v.block, v.id, v.since = nil, id, state.tick
  of[id] = nil
end

-- Where a part of the shape lies, as a molt_block *.
function bodies.block(b, part)
  if part.offset > 0 then return ffi.cast("molt_block *", ffi.cast("char *", b) + part.offset) end
  return ffi.cast("molt_block *", b.molt_object.extension.block[part.block])
end

-- Makes views stale of the traits that `to` lacks; all of them without `to`.
function bodies.null_views(record, id, to)
  if not bodies.is_viewed(record) then return end
  local kept = {}
  for _, part in ipairs(to and to.info.parts or {}) do kept[part.trait] = true end
  local iterate = next
  for trait, of in iterate, views do
    if not kept[trait] then null_view(of, id) end
  end
end

-- Takes body and raw fields from a table: what is left raises at every use.
function bodies.strip(o, shape, b)
  local record = bodies.record(b)
  local id = border.id(record)
  bodies.null_views(record, id)
  move_metatable(o, nil)
  local k = next(o)
  while k ~= nil do
    o[k] = nil
    k = next(o)
  end
  o[0] = epitaph(id)
  setmetatable(o, tombstone(shape.class))
end

border.callbacks[border.ENDED] = function(o)
  local shape, b = bodies.of(o)
  if shape then bodies.strip(o, shape, b) end
end

-- C attached or detached a trait, or gave the object another body.
border.callbacks[border.RESHAPED] = function(o)
  local meta = getmetatable(o)
  local was, b = meta and rawget(meta, KEY), rawget(o, 0)
  if not was or not istype(was.body.pointer, b) then return end
  local to = shapes.at(b.molt_object.shape)
  local record = bodies.record(b)
  bodies.null_views(record, border.id(record), to)
  move_metatable(o, to.meta)
end

-- A table for an object that C made.
border.callbacks[border.WRAP] = function(pointer)
  local body = ffi.cast("molt_object *", pointer)
  local shape = shapes.at(body.shape)
  local o = { [0] = ffi.cast(shape.body.pointer, body) }
  objects[body.slot] = o
  return setmetatable(o, shape.meta)
end

local staged = {}          -- object, body, shape, object, body, shape, …

-- A change of layout gives each object another body, all of them or none: what
-- needs memory is done here, the rest is stores.
border.callbacks[border.STAGE] = function(o, pointer)
  local body = ffi.cast("molt_object *", pointer)
  local shape = shapes.at(body.shape)
  local n = #staged
  staged[n + 1], staged[n + 2], staged[n + 3] = o, ffi.cast(shape.body.pointer, body), shape
end

local function repoint_views(record, b, shape)
  local id = border.id(record)
  bodies.null_views(record, id, shape)
  for _, part in ipairs(shape.info.parts) do
    local view = views[part.trait] and views[part.trait][id]
    if view then ffi.cast(View, view).block = bodies.block(b, part) end
  end
end

border.callbacks[border.RELAID] = function(commit)
  for i = 1, commit and #staged or 0, 3 do
    local o, b, shape = staged[i], staged[i + 1], staged[i + 2]
    o[0] = b
    move_metatable(o, shape.meta)
    local record = bodies.record(b)
    if bodies.is_viewed(record) then repoint_views(record, b, shape) end
  end
  staged = {}
  shapes.hooks.relaid()
end

-- Every table loses its body: the world closes.
border.callbacks[border.CLOSING] = function()
  bodies.closed = true
  for slot = 1, state.top do
    local o = objects[slot]
    local shape, b = bodies.of(o)
    if shape then bodies.strip(o, shape, b) end
  end
end

-- Why `o` is no living object, as an error blamed on the caller.
function bodies.raise_unfit(o, what)
  if bodies.epitaph(o) then return raise_destroyed(o) end
  local _, code, text = core.object_info(o)
  border.raise(code, ("%s expected, got %s"):format(what or "object", text or type(o)))
end

function shapes.hooks.misuse(o, k)
  local b = rawget(o, 0)
  local what = b == nil and "it is gone" or ("it holds %s"):format(type(b) == "cdata" and "another body" or "a " .. type(b))
  border.raise("body", ("the body slot [0] of this object was overwritten: %s (at field '%s')"):format(what, tostring(k)),
    "[0] is molt's; give the object its fields by name, and copy objects with molt.clone")
end

return bodies
