-- molt.shapes: the metatables of objects, one for each shape, kept up to date.
--
-- A shape's record is { id, info, has, class, fields, methods, meta, body, pointer }. `methods`
-- is flat: every name any layer defines, with what wins. It changes when
-- something is defined, never when something is called.

local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local accessor = require "molt.accessor"
local thunk = require "molt.thunk"
local metamethods = require "molt.metamethods"
local room = require "molt.room"

local shapes = {}

-- In an object's metatable, its shape's record is found under this key.
shapes.KEY = {}
metamethods.open(shapes.KEY)

-- In the metatable of destroyed objects, their class is found under this key.
shapes.DEAD = {}

-- What the layer above says of a class, by handle: { name, strict }.
shapes.classes = {}

-- What objects do when asked for something else than a typed field; set by the
-- layer above. misuse(o, k), refuse(kind, v, k, o), assign(o, k, v, shape),
-- unknown(o, k, shape) for strict classes, describe(o) for tostring; redefined(shape,
-- name) when something is defined anew, bury() when objects have died that have
-- something to run.
shapes.hooks = {}

local records, last = {}, 0     -- by id, and the highest
local few = 3            -- objects that are given a name before their class learns it

local head = ffi.typeof("molt_shape_head *")
local Shape = ffi.typeof("molt_shape *")

local function method_of(info, slot)
  return info.methods[slot + 1]
end

-- What stands in the flat table for a definition. The same function for the same
-- method each time: a reload that only exchanges code leaves compiled traces alone.
local function callable(shape, fn, native)
  if not native then return fn end
  local trait = layout.trait(native.trait)
  local method = method_of(trait, native.slot)
  if not native.leaf then return method.caller end
  local made = shape.thunks[method] or thunk.object(shape, trait, method) or method.caller
  shape.thunks[method] = made
  return made
end

-- A method declared `all` whose definitions are all Lua's needs no C call. Each
-- may take away what would run after it: then what is left of the list counts.
local function run_all(name, list)
  local state, count = border.state, #list

  local function still(o, fn)
    local meta = debug.getmetatable(o)
    local shape = type(meta) == "table" and rawget(meta, shapes.KEY)
    if not shape then return false end
    for _, other in ipairs(shape.runs[name] or { shape.methods[name] }) do
      if other == fn then return true end
    end
    return false
  end

  return function(o, ...)
    local epoch = state.epoch
    for i = 1, count do
      local fn = list[i]
      if state.epoch == epoch or still(o, fn) then fn(o, ...) end
    end
  end
end

-- What patches of the name stand on may be another now: see molt.beneath.
local function forget_beneath(shape)
  local iterate = next
  if iterate(shape.beneath) ~= nil then shape.beneath = {} end
end

-- What a name of the shape is now. A finalizer may define it anew while this
-- allocates: then the answer is stale, and asked for again.
local function resolve(shape, name)
  forget_beneath(shape)
  local epoch, made, list
  repeat
    local fn, native
    epoch = border.state.epoch
    fn, native, list = core.definition(shape.id, name)
    made = list and run_all(name, list) or callable(shape, fn, native)
  until border.state.epoch == epoch
  shape.runs[name] = list
  shape.methods[name] = made
  if metamethods.honoured[name] then metamethods.follow(shape, name, shape.plain) end
end

local function resolve_all(shape)
  local methods = shape.methods
  for _, name in ipairs(core.names(shape.id)) do resolve(shape, name) end
  local iterate, gone = next, {}
  for name in iterate, methods do
    if core.definition(shape.id, name) == nil then gone[#gone + 1] = name end
  end
  for _, name in ipairs(gone) do resolve(shape, name) end
end

-- Counts the undeclared names that objects of the shape are given; one that is
-- given again is told to the class, whose new objects are then born with room for it.
-- The first get room now: a loop that is compiled while it goes through them would
-- search for names in all others, too.
local function learner(shape)
  local given, known = {}, 0
  return function(o, k)
    if type(k) ~= "string" then return end
    local n = given[k]
    if n == nil then
      if known >= 64 then return end     -- keys of a map, not names of fields
      known, n = known + 1, 0
    end
    given[k] = n + 1
    if n <= few then room.give(o, shape) end
    if n == few then shapes.hooks.learn(shape.class, k) end
  end
end

-- What accessors call, of objects whose class is strict, or not.
local function access_of(shape, strict)
  local hooks = shapes.hooks
  return {
    misuse = hooks.misuse,
    learn = learner(shape),
    refuse = hooks.refuse,
    assign = function(o, k, v) return hooks.assign(o, k, v, shape) end,
    fallback = strict and function(o, k) return hooks.unknown(o, k, shape) end or nil,
  }
end

local function make_meta(shape)
  local hooks, strict = shapes.hooks, shape.class.strict
  local meta = { __tostring = hooks.describe, __metatable = "object", [shapes.KEY] = shape }
  local access = access_of(shape, strict)
  shape.meta, shape.strict = meta, strict or false
  meta.__index, meta.__newindex = accessor.make(shape, access)
  shape.plain = { __index = meta.__index, __tostring = meta.__tostring, hooks = access }
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
  local has = {}
  for _, part in ipairs(info.parts) do has[part.trait] = true end
  local shape = {
    id = id,
    info = info,
    has = has,                           -- trait handle -> true
    class = shapes.hooks.class(info.class),
    methods = {},
    beneath = {},                        -- what patches stand on, found at their first call
    room = {},                           -- names its objects have places for: see molt.room
    thunks = {},                         -- method -> the call of it where it is leaf
    runs = {},                           -- name -> the functions of a method declared `all`
    body = layout.body(info),
    pointer = ffi.cast(Shape, info.pointer),
    head = ffi.cast(head, info.pointer),
    attach = {},                         -- trait or impl handle -> shape
    detach = {},                         -- trait handle -> shape
    lapse = {},                          -- shape -> traits that it lacks
    sets = {},                           -- records of a list, one step each -> [1] the shape
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
    -- A finalizer may have been faster: there is one record of a shape. C finds its
    -- metatable by the id, so a record without one must not be left where memory runs out.
    if not records[id] then
      core.metas[id] = shape.meta
      records[id] = shape
      if id > last then last = id end
    end
  end
  return records[id]
end

border.callbacks[border.SHAPE] = shapes.get

-- A change of layout gives objects other bodies; C installs them, all at once. What
-- else happens to an object of `from` that goes to `to` is for hooks.look(from, to, settled) to
-- say: nil, or a function of the object, the two shapes, its body to be and its place.
-- `settled`: native code sees to fields that do not simply follow.
local Moves = ffi.typeof("struct { molt_object *object, *body; void **attached; const void *carry; } *")   -- molt__move
local objects, cast = border.objects, ffi.cast

border.callbacks[border.STAGE] = function(pointer, count, settled)
  local moves = cast(Moves, pointer)
  local from_id, to_id, from, to, look
  for i = 0, count - 1 do
    local o = objects[moves[i].object.slot]
    if o then
      local old, new = cast(head, moves[i].object.shape).id, cast(head, moves[i].body.shape).id
      if old ~= from_id or new ~= to_id then
        from_id, to_id, from, to = old, new, shapes.get(old), shapes.get(new)
        look = shapes.hooks.look(from, to, settled)
      end
      if look then look(o, from, to, cast(to.body.pointer, moves[i].body), i) end
    end
  end
end

border.callbacks[border.RELAID] = function(commit)
  shapes.hooks.settle(commit)
  shapes.hooks.relaid()
end

-- The record of the shape a molt_shape * points to.
function shapes.at(pointer)
  return shapes.get(ffi.cast(head, pointer).id)
end

local function fields_to_be(shape, trait, required)
  local fields, concerned, iterate = {}, false, next
  for i, field in ipairs(shape.fields) do
    local must = field.required
    if field.of.handle == trait then must = required[field.name] end
    fields[i] = field
    if (must or false) ~= (field.required or false) then
      fields[i], concerned = { required = must }, true
      for key, v in iterate, field do
        if key ~= "required" then fields[i][key] = v end
      end
    end
  end
  return fields, concerned
end

-- A declaration changes what accessors of shapes do that stay: `strict(class)` says what
-- a class is to be, `required`, where one trait is concerned, has the names of its fields
-- that must be given. What is returned is for shapes.renew.
function shapes.renewals(strict, trait, required)
  local list = {}
  for id = 1, last do
    local shape = records[id]
    local now = shape and strict(shape.class)
    local fields, concerned = nil, false
    if shape then fields, concerned = fields_to_be(shape, trait, required) end
    if shape and (concerned or now ~= shape.strict) then
      local like = setmetatable({ fields = fields }, { __index = shape })
      local access = access_of(shape, now)
      local index, newindex = accessor.make(like, access)
      list[#list + 1] = { shape = shape, strict = now, fields = fields, newindex = newindex, access = access,
        index = index, meta_index = metamethods.index(like, index, access) }
    end
  end
  return list
end

-- Stores what was prepared: no memory is needed.
function shapes.renew(list)
  for _, made in ipairs(list) do
    local shape, plain = made.shape, made.shape.plain
    shape.strict, shape.fields, plain.__index, plain.hooks = made.strict, made.fields, made.index, made.access
    shape.meta.__index, shape.meta.__newindex = made.meta_index, made.newindex
  end
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

-- All at once. Each step of the way to the cached shape is one record.
function shapes.attach_set(shape, pieces)
  local step = shape.sets
  for _, record in ipairs(pieces) do
    step[record] = step[record] or {}
    step = step[record]
  end
  local to = step[1]
  if not to or to.head.suspect ~= 0 then
    local list = {}
    for _, record in ipairs(pieces) do
      list[#list + 1] = record.trait or record.pointer
      list[#list + 1] = record.kind == "impl" and record.pointer
      list[#list + 1] = record.kind == "selection" and record.pointer
    end
    to = shapes.get(border.check(core.shape_attach_set(shape.id, list)))
    step[1] = to
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
    if shape then
      (name and resolve or resolve_all)(shape, name)
      shapes.hooks.redefined(shape, name)
    end
  end
end

return shapes
