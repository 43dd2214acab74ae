-- molt.patch: overriding methods of one object or of a class, and undoing it.
--
-- A patch of an object is a raw field of its table, which outranks the metatable:
-- it costs other objects nothing and needs no shape. Patches of one name stack;
-- taking one out re-links the rest.

local core = require "molt.core"
local metamethods = require "molt.metamethods"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local object = require "molt.object"
local event = require "molt.event"
local static = require "molt.static"

local patch = {}

local rawget, rawset = rawget, rawset

local PATCHES = object.PATCHES       -- of an object: name -> { { fn }, … }
local overrides = {}                 -- class record -> number of the fill -> name

local Patch = {}
Patch.__index = Patch

local function is_typed(shape, name)
  for _, part in ipairs(shape.info.parts) do
    for _, method in ipairs(layout.trait(part.trait).methods) do
      if (part.names[method.name] or method.name) == name then return true end
    end
  end
  return false
end

local function expect_method(methods, name, of)
  if type(name) ~= "string" then check.argument(2, "override", "method name", name) end
  if methods[name] ~= nil then return end
  check.raise("unknown", ("%s has no method '%s'"):format(of, name), check.near(name, check.keys(methods)))
end

-- The patches of one name, the uppermost last; nil when there are none. The raw
-- field is the truth: what was assigned over a patch lies on top of it, and nil
-- has taken all of them away.
local function stack_of(o, name)
  local names, raw = rawget(o, PATCHES), rawget(o, name)
  if raw == nil then
    if names and names[name] then
      names[name] = nil
      core.object_unpatch(o, name)
    end
    return nil
  end
  if not names then
    names = {}
    rawset(o, PATCHES, names)
  end
  local stack = names[name] or {}
  names[name] = stack
  if #stack == 0 or stack[#stack].fn ~= raw then stack[#stack + 1] = { fn = raw } end
  return stack
end

-- Takes all patches of a name away: it is the class's turn.
local function clear(o, name)
  local names = rawget(o, PATCHES)
  names[name] = nil
  if next(names) == nil then rawset(o, PATCHES, nil) end
  rawset(o, name, nil)
  core.object_unpatch(o, name)
end

local function patch_object(o, shape, name, fn)
  expect_method(shape.methods, name, object.name(o))
  if metamethods.honoured[name] then
    check.raise("argument", ("'%s' cannot be overridden on one object"):format(name),
      "Lua looks for it in the metatable: override it on the class, or attach a trait that defines it")
  end
  local stack, entry = stack_of(o, name), { fn = fn }
  if is_typed(shape, name) then check.result(core.object_patch(o, name)) end
  if stack then
    stack[#stack + 1] = entry
  else
    local names = rawget(o, PATCHES) or {}
    names[name] = { entry }
    rawset(o, PATCHES, names)
  end
  rawset(o, name, fn)
  return setmetatable({ target = o, name = name, entry = entry }, Patch)
end

local function remove_from_object(p)
  local stack = bodies.of(p.target) and stack_of(p.target, p.name) or {}
  for i, entry in ipairs(stack) do
    if entry == p.entry then
      table.remove(stack, i)
      if #stack == 0 then clear(p.target, p.name) else rawset(p.target, p.name, stack[#stack].fn) end
      return true
    end
  end
  return false
end

-- What the class would answer, complete or not.
local function class_methods(record)
  local methods = {}
  for _, name in ipairs(core.names(record.pointer)) do methods[name] = true end
  for _, t in ipairs(class.traits(record)) do
    for _, method in ipairs(layout.trait(handle.record(t).pointer).methods) do methods[method.name] = true end
  end
  return methods
end

local function patch_class(record, name, fn)
  if core.class_definition(record.pointer, name) == nil then
    expect_method(class_methods(record), name, "class " .. record.name)
  end
  local number = check.result(core.class_fill(record.pointer, name, fn, check.place(fn)))
  local of = overrides[record] or {}
  overrides[record] = of
  of[number] = name
  return setmetatable({ target = record, name = name, number = number }, Patch)
end

local function remove_from_class(p)
  local of = overrides[p.target]
  if not of or not of[p.number] then return false end
  check.result(core.class_unfill(p.target.pointer, p.number))
  of[p.number] = nil
  return true
end

-- patch:remove(): true, or false when it is gone already.
function Patch:remove()
  if self.number then return remove_from_class(self) end
  return remove_from_object(self)
end

function Patch:__tostring()
  return ("override of '%s' on %s"):format(self.name, object.name(self.number and self.target.proxy or self.target))
end

-- A static member of a trait or class: its patch, or nil when the name is a method's.
local function override_static(target, name, value)
  local record = handle.record(target)
  if not record or (record.kind ~= "trait" and record.kind ~= "class") or type(name) ~= "string" then return nil end
  if record.kind == "class" and core.class_definition(record.pointer, name) ~= nil then return nil end
  local made = static.override(record, name, value)
  if not made and record.kind == "trait" and record.statics then
    check.raise("unknown", ("trait '%s' has no static member '%s'"):format(record.name, name),
      check.near(name, check.keys(record.statics or {})) or "methods are overridden on a class or an object")
  end
  if made then event.emit("override", target, name) end
  return made
end

-- molt.override(class, object, or trait with the static member, name, fn) -> patch
function patch.override(target, name, fn)
  local of_static = override_static(target, name, fn)
  if of_static then return of_static end
  local record = handle.record(target, "class")
  local shape, _, o
  if not record then shape, _, o = object.expect(1, "override", target) end
  if type(name) ~= "string" then check.argument(2, "override", "method name", name) end
  check.callable(3, "override", fn)
  local made = record and patch_class(record, name, fn) or patch_object(o, shape, name, fn)
  event.emit("override", target, name)
  return made
end

local function restore_class(record, name)
  local of, numbers = overrides[record] or {}, {}
  local iterate = next
  for number, of_name in iterate, of do
    if not name or name == of_name then numbers[#numbers + 1] = number end
  end
  table.sort(numbers, function(a, b) return a > b end)
  for _, number in ipairs(numbers) do
    check.result(core.class_unfill(record.pointer, number))
    of[number] = nil
  end
  return #numbers
end

local function restore_object(o, shape, name)
  local count = 0
  local names = {}
  if name then names[1] = name else
    for _, key in ipairs(check.keys(o)) do
      if shape.methods[key] ~= nil then names[#names + 1] = key end
    end
  end
  for _, key in ipairs(names) do
    local stack = shape.methods[key] ~= nil and stack_of(o, key)
    if stack then
      count = count + #stack
      clear(o, key)
    end
  end
  return count
end

-- molt.restore(class or object [, name]): takes all overrides away; returns how many
function patch.restore(target, name)
  if name ~= nil and type(name) ~= "string" then check.argument(2, "restore", "method name", name) end
  local record = handle.record(target, "class")
  local of_trait = handle.record(target, "trait")
  local count
  if of_trait then
    count = static.restore(of_trait, name)
  elseif record then
    count = restore_class(record, name) + static.restore(record, name)
  else
    local shape, _, o = object.expect(1, "restore", target)
    count = restore_object(o, shape, name)
  end
  event.emit("restore", target, name)
  return count
end

-- Patches of an object by name, the uppermost last: for introspection.
function patch.of(o, shape)
  local found = {}
  for _, name in ipairs(check.keys(o)) do
    if shape.methods[name] ~= nil then found[name] = stack_of(o, name) end
  end
  return found
end

-- A copy of an object answers as the original does.
function object.copy_patches(from, to)
  local shape = bodies.of(from)
  local iterate = next
  for name, stack in iterate, patch.of(from, shape) do
    rawset(to, name, nil)
    for _, entry in ipairs(stack) do patch_object(to, shape, name, entry.fn) end
  end
end

-- What is assigned to a method's name is a function, or nil to take an override away.
function shapes.hooks.check_override(o, name, fn)
  if fn == nil or type(fn) == "function" then return end
  check.raise("type",
    ("'%s' is a method of %s; an override takes a function, got %s"):format(name, object.name(o), check.kind(fn)))
end

-- Assigning to a method's name on an object.
function shapes.hooks.assign(o, name, fn, shape)
  if name == nil then check.raise("argument", "table index is nil") end
  if name ~= name then check.raise("argument", "table index is NaN") end
  if shape.methods[name] == nil then return shapes.hooks.unknown_write(o, name, fn, shape) end
  shapes.hooks.check_override(o, name, fn)
  if fn == nil then return end
  patch_object(o, shape, name, fn)
  event.emit("override", o, name)
end

return patch
