-- molt.object: one object's identity, copies and end.

local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local wide = require "molt.wide"
local bodies = require "molt.bodies"
local view = require "molt.view"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local compose = require "molt.compose"
local event = require "molt.event"
local adopt = require "molt.adopt"
local hook_run = require "molt.hook_run"
local life = require "molt.life"
local sentinel = require "molt.sentinel"

local object = {}

local rawset = rawset

-- The shape of a living object, or of the object of a view, and the object itself; an
-- error that blames the argument otherwise; `expected` is what it may be, if more than
-- an object.
local function expect(position, verb, o, expected)
  if border.migrating then border.expect_no_migration() end
  local shape = bodies.of(o)
  if shape then return shape, o end
  local seen = view.object(o)
  if seen then return bodies.of(seen), seen end
  if view.trait(o) then view.raise_stale(o) end
  if bodies.epitaph(o) then bodies.raise_unfit(o, verb) end
  local _, code, text = core.object_info(o)
  if code == "body" then
    check.raise(code, ("bad argument #%d to '%s' (%s expected, got %s)"):format(position, verb, expected or "object",
      text))
  end
  check.argument(position, verb, expected or "object", o)
end

object.expect = expect

-- Under this key of its table an object keeps its patches, so that they are
-- collected with it although they refer to it.
object.PATCHES = setmetatable({}, { __tostring = function() return "molt's patches" end })

-- Called behind a C function that compiled code stops at. What LuaJIT would compile from
-- there goes on out of Molt, through the loop that called it and back to that C function,
-- and stops again: if the loop is not compiled by then, it never comes to be, and each
-- turn adds a trace to the chain. This cannot be compiled, so the chain has no second one.
local function land() end
jit.off(land)

-- The object goes over to another shape of its class: true. False where a finalizer has
-- changed it since the shape was chosen, or the shape: nothing is done, and it is to be
-- chosen again.
function object.try_enter(o, from, to)
  local done, err = core.enter(o, to.id, to.meta, from.id)    -- a fixed number of results: LuaJIT stitches
  land()
  if done then return true end
  if bodies.of(o) == from and to.head.suspect == 0 then error(err, 0) end
  return false, err
end

function object.enter(o, from, to)
  local done, err = object.try_enter(o, from, to)
  if not done then error(err, 0) end
end

-- molt.is(obj, T | Class): has it the trait, is it of the class or of one that
-- extends it? False for anything that is no living object.
function object.is(o, what)
  local record = handle.record(what)
  local kind = record and record.kind
  if kind ~= "trait" and kind ~= "class" and kind ~= "impl" and kind ~= "selection" then
    check.argument(2, "is", "trait or class", what)
  end
  local shape = bodies.of(view.object(o) or o)
  if not shape then return false end
  if record.kind ~= "class" then return shape.has[record.trait or record.pointer] or false end
  return compose.extends(shape.class, record)
end

-- molt.as(obj, T | impl): the view of the trait, or nil when the object has it not
function object.as(o, what)
  local _
  _, o = expect(1, "as", o)
  local record = handle.record(what)
  local kind = record and record.kind
  if kind ~= "trait" and kind ~= "impl" and kind ~= "selection" then
    check.argument(2, "as", "trait or implementation", what)
  end
  return view.make(o, layout.trait(record.trait or record.pointer))
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

-- Its end has begun: then this is a hook that asks for it again, and nothing is left
-- to do. Else listeners are told, hooks run, and it ends whatever they did.
local function destroy_hooked(o)
  if life.is_ending(o) then return end
  check.result(core.may_finish(o))
  local ok, err = true, nil
  if event.heard "destroy" and not ending[o] then
    ending[o] = true
    ok, err = pcall(event.emit, "destroy", o)
    ending[o] = nil
  end
  if bodies.of(o) then
    local failure = life.ending(o)
    if ok and failure ~= nil then ok, err = false, failure end
    if bodies.of(o) then check.result(core.finish(o)) end
  end
  if not ok then error(err, 0) end
end

-- molt.destroy(obj): ends it now. Ids and views are stale at once; native code
-- that is on the stack keeps valid memory until it returns.
function object.destroy(o)
  border.expect_quiet()
  local plain = not event.heard "destroy" and core.finish_plain(o)
  land()
  if plain then return end
  local _
  _, o = expect(1, "destroy", o)
  if sentinel.is_armed(o) then return destroy_hooked(o) end
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

local function copy_private(o, copy, shape)
  for _, part in ipairs(shape.info.parts) do
    local info = layout.trait(part.trait)
    for _, field in ipairs(info.fields) do
      if field.private then view.make(copy, info)[field.name] = view.make(o, info)[field.name] end
    end
  end
end

local function copy_all(o, copy, shape)
  local from = bodies.of(copy)
  if from ~= shape then object.enter(copy, from, shape) end
  for _, field in ipairs(shape.fields) do copy[field.name] = o[field.name] end
  copy_private(o, copy, shape)
  local iterate = next
  for k, v in iterate, o do
    local ours = k == 0 or k == object.PATCHES or k == sentinel.KEY or k == wide.KEPT
    if not ours then rawset(copy, k, v) end
  end
  adopt.copy(o, copy)
  object.copy_patches(o, copy)
end

-- molt.clone(obj): the same class and traits, fields and patches
function object.clone(o)
  local shape
  border.expect_quiet()
  shape, o = expect(1, "clone", o)
  local copy = class.make(shape.class)
  local ok, err = pcall(copy_all, o, copy, shape)
  if not ok or bodies.of(o) ~= shape or bodies.of(copy) ~= shape then
    if bodies.of(copy) then check.result(core.finish(copy)) end
    if bodies.of(o) == shape then error(err, 0) end
    return object.clone(o)                       -- a finalizer has changed it meanwhile
  end
  if hook_run.plan(shape) then
    life.begin(copy)
    life.born(copy)
  end
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
