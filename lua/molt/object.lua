-- molt.object: one object's traits, identity and end.

local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local value = require "molt.value"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local view = require "molt.view"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local trait = require "molt.trait"
local event = require "molt.event"

local object = {}

local rawget, rawset = rawget, rawset

-- shape, body of a living object, or of the object of a view; an error that
-- blames the argument otherwise.
local function expect(position, verb, o)
  if border.migrating then border.expect_no_migration() end
  local shape, b = bodies.of(o)
  if shape then return shape, b, o end
  local seen = view.object(o)
  if seen then
    shape, b = bodies.of(seen)
    return shape, b, seen
  end
  if view.trait(o) then view.raise_stale(o) end
  if bodies.epitaph(o) then bodies.raise_unfit(o, verb) end
  local _, code, text = core.object_info(o)
  if code == "body" then
    check.raise(code, ("bad argument #%d to '%s' (object expected, got %s)"):format(position, verb, text))
  end
  check.argument(position, verb, "object", o)
end

object.expect = expect

-- Under this key of its table an object keeps its patches, so that they are
-- collected with it although they refer to it.
object.PATCHES = setmetatable({}, { __tostring = function() return "molt's patches" end })

-- What attach was given, as a list of records.
local function pieces(verb, what)
  local record = handle.record(what)
  if record and (record.kind == "trait" or record.kind == "impl") then
    record.alone = record.alone or { record }
    return record.alone
  end
  if check.kind(what) ~= "table" then check.argument(2, verb, "trait, implementation or list of them", what) end
  local list = {}
  for i, piece in ipairs(what) do
    local r = handle.record(piece)
    if not r or (r.kind ~= "trait" and r.kind ~= "impl") then
      check.raise("type", ("bad argument #2 to '%s' (trait or implementation expected at %d, got %s)"):format(verb, i,
        check.kind(piece)))
    end
    list[i] = r
  end
  return list
end

-- Raw values under the names of fields that the object gains: typed fields take
-- them over, if they fit, and detach gives them back; Lua-valued ones stay.
local adopted = setmetatable({}, { __mode = "k" })   -- object -> trait handle -> { { name, kind, raw }, … }

-- A trait has another version: what its fields adopted stays so.
function trait.hooks.moved(from, to)
  local iterate = next
  for _, of in iterate, adopted do of[from], of[to] = nil, of[from] end
end

local function adoptable(o, pointer)
  local list
  local fields = layout.trait(pointer).fields
  for i = 1, #fields do
    local field = fields[i]
    local raw = rawget(o, field.name)
    if raw ~= nil then
      local fits, err = true, nil
      if field.kind ~= "any" then fits, err = value.convert(field.kind, raw, ("field '%s'"):format(field.name)) end
      if fits == nil then
        check.raise(err.code, ("cannot attach '%s': %s"):format(layout.trait(pointer).name, err.message),
          "the object has a raw value under that name; change or clear it first")
      end
      list = list or {}
      list[#list + 1] = { name = field.name, kind = field.kind, raw = field.kind ~= "any" and raw or nil }
    end
  end
  return list
end

local function adopt(o, pointer, list)
  local of = adopted[o] or {}
  adopted[o] = of
  of[pointer] = list
  for _, entry in ipairs(list) do
    if entry.kind ~= "any" then
      rawset(o, entry.name, nil)
      o[entry.name] = entry.raw
    end
  end
end

local function enter(o, from, to)
  local done, err = core.enter(o, to.id, to.meta, from.id)    -- a fixed number of results: LuaJIT stitches
  if not done then error(err, 0) end
end

-- Lua-valued fields that an implementation starts with.
local function start_any(o, record)
  if record.kind ~= "impl" then return end
  local iterate = next
  for name, v in iterate, record.any do
    if rawget(o, name) == nil then rawset(o, name, v) end
  end
end

-- Will every field take its value? Nothing has been changed yet.
local function check_values(o, to, fields)
  local kinds, iterate = {}, next
  for _, field in ipairs(to.fields) do kinds[field.name] = field.kind end
  for name, v in iterate, fields do
    if kinds[name] then
      check.result(value.convert(kinds[name], v, ("field '%s'"):format(name)))
    elseif to.methods[name] ~= nil then
      shapes.hooks.check_override(o, name, v)
    elseif to.class.strict then
      shapes.hooks.unknown(o, name, to)
    end
  end
end

local function with(shape, record)
  local is_impl = record.kind == "impl"
  return shapes.attach(shape, is_impl and record.trait or record.pointer, is_impl and record.pointer or nil)
end

-- The shape with all of them. They may need one another: what cannot be attached
-- yet is tried again after the rest.
local function with_all(shape, list)
  local waiting = list
  while #waiting > 0 do
    local later, reason = {}, nil
    for _, record in ipairs(waiting) do
      local ok, to = pcall(with, shape, record)
      if ok then shape = to else
        later[#later + 1] = record
        reason = reason or to
      end
    end
    if #later == #waiting then error(reason, 0) end
    waiting = later
  end
  return shape
end

object.shape_with = with_all

-- molt.attach(obj, T | impl | {T, …} [, fields])
function object.attach(o, what, fields)
  local shape, _
  shape, _, o = expect(1, "attach", o)
  local list = pieces("attach", what)
  local unfit = fields ~= nil and check.no_fields(fields)
  if unfit then check.argument(3, "attach", "table of fields", fields, unfit) end
  local to = list[2] and with_all(shape, list) or list[1] and with(shape, list[1]) or shape
  if fields then check_values(o, to, fields) end
  local adoptions
  for i = 1, #list do
    local of = list[i].trait or list[i].pointer
    local found = adoptable(o, of)
    if found then
      adoptions = adoptions or {}
      adoptions[#adoptions + 1] = { of, found }
    end
  end
  enter(o, shape, to)
  if adoptions then
    for _, adoption in ipairs(adoptions) do adopt(o, adoption[1], adoption[2]) end
  end
  for i = 1, #list do start_any(o, list[i]) end
  if fields then
    local iterate = next
    for name, v in iterate, fields do o[name] = v end
  end
  if event.heard "attach" then for _, record in ipairs(list) do event.emit("attach", o, record.proxy) end end
  return o
end

-- The traits that an object has in a shape and not in another; cached.
local function lapsing(shape, to)
  local list = shape.lapse[to]
  if list then return list end
  local kept = {}
  list = {}
  for _, part in ipairs(to.info.parts) do kept[part.trait] = true end
  for _, part in ipairs(shape.info.parts) do
    if not kept[part.trait] then list[#list + 1] = part.trait end
  end
  shape.lapse[to] = list
  return list
end

-- What the traits that lapse had adopted, read while the object still has them.
local function adopted_values(o, of, gone)
  local values = {}
  for i = 1, #gone do
    for _, entry in ipairs(of[gone[i]] or {}) do values[#values + 1] = { entry.name, o[entry.name] } end
  end
  return values
end

-- Moves an object to another shape of its class: gives back what lapsing traits
-- had adopted, and takes the Lua-valued fields they declared.
function object.leave(o, to)
  local shape = bodies.of(o)
  local gone = lapsing(shape, to)
  local of = adopted[o]
  local values = of and adopted_values(o, of, gone)
  enter(o, shape, to)
  for i = 1, #gone do
    local any = layout.trait(gone[i]).any
    for k = 1, #any do rawset(o, any[k].name, nil) end
    if of then of[gone[i]] = nil end
  end
  if values then
    for _, value_of in ipairs(values) do rawset(o, value_of[1], value_of[2]) end
  end
end

-- molt.detach(obj, T): an implementation stands for its trait
function object.detach(o, what)
  local shape, _
  shape, _, o = expect(1, "detach", o)
  local record = handle.record(what)
  if not record or (record.kind ~= "trait" and record.kind ~= "impl") then
    check.argument(2, "detach", "trait", what)
  end
  local pointer = record.kind == "impl" and record.trait or record.pointer
  object.leave(o, shapes.detach(shape, pointer))
  if event.heard "detach" then event.emit("detach", o, trait.proxy(pointer)) end
  return o
end

local function has(shape, pointer)
  for _, part in ipairs(shape.info.parts) do
    if part.trait == pointer then return true end
  end
  return false
end

-- molt.is(obj, T | Class): has it the trait, is it of the class or of one that
-- extends it? False for anything that is no living object.
function object.is(o, what)
  local record = handle.record(what)
  if not record or (record.kind ~= "trait" and record.kind ~= "class" and record.kind ~= "impl") then
    check.argument(2, "is", "trait or class", what)
  end
  local shape = bodies.of(view.object(o) or o)
  if not shape then return false end
  if record.kind ~= "class" then return has(shape, record.trait or record.pointer) end
  return object.extends(shape.class, record)
end

-- Is the class record `sub` the class `base`, or extended from it?
function object.extends(sub, base)
  while sub and sub ~= base do sub = sub.base and handle.record(sub.base) end
  return sub == base
end

-- molt.as(obj, T): the view of the trait, or nil when the object has it not
function object.as(o, what)
  local _
  _, _, o = expect(1, "as", o)
  local record = handle.check(2, "as", what, "trait")
  return view.make(o, layout.trait(record.pointer))
end

-- molt.object(view): the object again; an object is its own
function object.of(v)
  if bodies.of(v) then return v end
  if view.trait(v) then return view.object(v) end
  if bodies.shape_of(v) or bodies.epitaph(v) then expect(1, "object", v) end
  check.argument(1, "object", "view", v)
end

-- molt.alive(x): is the object, or the view, still there?
function object.alive(x)
  return bodies.of(x) ~= nil or view.object(x) ~= nil
end

local ending = setmetatable({}, { __mode = "k" })    -- objects whose end listeners are told of

-- molt.destroy(obj): ends it now. Ids and views are stale at once; native code
-- that is on the stack keeps valid memory until it returns.
function object.destroy(o)
  local _
  _, _, o = expect(1, "destroy", o)
  if not event.heard "destroy" or ending[o] then
    local done, err = core.finish(o)     -- a fixed number of results: LuaJIT stitches
    if not done then error(err, 0) end
    return
  end
  ending[o] = true
  local ok, err = pcall(event.emit, "destroy", o)
  ending[o] = nil
  if bodies.of(o) then check.result(core.finish(o)) end
  if not ok then error(err, 0) end
end

local function copy_lists(of)
  if not of then return nil end
  local copy, iterate = {}, next
  for pointer, list in iterate, of do copy[pointer] = list end
  return copy
end

-- molt.clone(obj): the same class and traits, fields and patches
function object.clone(o)
  local shape, _
  shape, _, o = expect(1, "clone", o)
  local copy = class.make(shape.class)
  local from = bodies.of(copy)
  if from ~= shape then enter(copy, from, shape) end
  for _, field in ipairs(shape.fields) do copy[field.name] = o[field.name] end
  local iterate = next
  for k, v in iterate, o do
    if k ~= 0 and k ~= object.PATCHES then rawset(copy, k, v) end
  end
  adopted[copy] = copy_lists(adopted[o])
  object.copy_patches(o, copy)
  return copy
end

-- molt.class_of(obj)
function object.class_of(o)
  local shape = expect(1, "class_of", o)
  return class.proxy(shape.info.class)
end

-- molt.name(x): "Car#12" of an object; the name of a trait, class, implementation or module
function object.name(x)
  local record = handle.record(x)
  if record then return record.name end
  local o = view.object(x) or x
  if bodies.of(o) then return (select(3, core.object_info(o))) end
  local past = bodies.epitaph(x)
  if past then return past end
  if bodies.shape_of(x) or view.trait(x) then expect(1, "name", x) end
  check.argument(1, "name", "object, trait, class, implementation or module", x)
end

return object
