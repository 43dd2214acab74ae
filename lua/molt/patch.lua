-- molt.patch: override, before, after and around, of one object or of a class, and
-- undoing them.
--
-- A patch of an object is a raw field of its table, which outranks the metatable:
-- it costs other objects nothing and needs no shape (molt.chain). A patch of a class
-- is a fill that the core resolves (core/src/resolve.h). Patches of one name stack;
-- taking one out re-links the rest.

local core = require "molt.core"
local border = require "molt.border"
local metamethods = require "molt.metamethods"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local beneath = require "molt.beneath"
local check = require "molt.check"
local handle = require "molt.handle"
local object = require "molt.object"
local event = require "molt.event"
local chain = require "molt.chain"
local wrap = require "molt.wrap"
local static = require "molt.static"

local patch = {}

local rawset = rawset

local of_class = {}          -- class record -> number of the fill -> name

-- What a patch is, as a list: it lies between what it patches and the next object,
-- and is smaller than by names. FN is an object's, RECORD a class's.
local TARGET, NAME, KIND, NUMBER, FN, RECORD = 1, 2, 3, 4, 5, 6
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
  if methods[name] ~= nil then return end
  check.raise("unknown", ("%s has no method '%s'"):format(of, name), check.near(name, check.keys(methods)))
end

local function patch_object(o, shape, kind, name, fn)
  if shape.methods[name] == nil then expect_method(shape.methods, name, object.name(o)) end
  if metamethods.honoured[name] then
    check.raise("argument", ("'%s' cannot be overridden on one object"):format(name),
      "Lua looks for it in the metatable: override it on the class, or attach a trait that defines it")
  end
  chain.top(o, name)           -- an assignment of nil has taken earlier ones away
  if is_typed(shape, name) then check.result(core.object_patch(o, name)) end
  local serial = chain.push(o, name, kind, fn)
  return setmetatable({ o, name, kind, serial, fn }, Patch)
end

-- What the class would answer, complete or not.
local function class_methods(record)
  local methods = {}
  for _, name in ipairs(core.names(record.pointer)) do methods[name] = true end
  while record do
    local info = core.class_info(record.pointer)
    for _, name in ipairs(info.slots) do methods[name] = true end
    record = record.base and handle.record(record.base)
  end
  return methods
end

-- A wrapper learns its place when it has it; a call before that passes it by.
local function patch_class(record, kind, name, fn)
  if core.class_definition(record.pointer, name) == nil then
    expect_method(class_methods(record), name, "class " .. record.name)
  end
  local place = { name = name, kind = kind, class = record.pointer, number = 0 }
  local put = kind == "override" and fn or wrap[kind](fn, beneath.next(place))
  local number = check.result(core.class_fill(record.pointer, name, put, check.place(fn), kind))
  place.number, place.key = number, number
  local of = of_class[record] or {}
  of_class[record] = of
  of[number] = name
  return setmetatable({ record.proxy, name, kind, number, false, record }, Patch)
end

local function remove_from_class(p)
  local record, number = p[RECORD], p[NUMBER]
  local of = of_class[record]
  if not of or not of[number] then return false end
  check.result(core.class_unfill(record.pointer, number))
  of[number] = nil
  return true
end

-- patch:remove(): true; or false, and text that says why not, when it is gone already.
function Patch:remove()
  if getmetatable(self) ~= Patch then check.argument(1, "remove", "patch", self) end
  local done
  if self[RECORD] then done = remove_from_class(self)
  else done = bodies.of(self[TARGET]) ~= nil and chain.remove(self[TARGET], self[NAME], self[NUMBER], self[FN]) end
  if done then return true end
  return false, ("%s was removed already"):format(tostring(self))
end

function Patch:__tostring()
  return ("%s of '%s' on %s"):format(self[KIND], self[NAME], object.name(self[TARGET]))
end

-- A static member of a trait or class: its patch, or nil when the name is a method's.
local function patch_static(target, kind, name, value)
  local record = handle.record(target)
  if not record or (record.kind ~= "trait" and record.kind ~= "class") or type(name) ~= "string" then return nil end
  if record.kind == "class" and core.class_definition(record.pointer, name) ~= nil then return nil end
  local made = static.patch(record, kind, name, value)
  if not made and record.kind == "trait" then
    check.raise("unknown", ("trait '%s' has no static member '%s'"):format(record.name, name),
      check.near(name, check.keys(record.statics or {})) or "methods are overridden on a class or an object")
  end
  if made then event.emit("override", target, name) end
  return made
end

local TARGETS = "trait, class or object"

-- molt.override, before, after, around(class or object, name, fn) -> patch; they take the
-- static members of a trait or class, too
local function verb(kind)
  return function(target, name, fn)
    border.expect_quiet()
    local of_static = patch_static(target, kind, name, fn)
    if of_static then return of_static end
    local record = handle.record(target, "class")
    local shape, o
    if not record and not handle.record(target, "trait") then shape, o = object.expect(1, kind, target, TARGETS) end
    if type(name) ~= "string" then check.argument(2, kind, "method name", name) end
    check.callable(3, kind, fn)
    local made = record and patch_class(record, kind, name, fn) or patch_object(o, shape, kind, name, fn)
    event.emit("override", target, name)
    return made
  end
end

patch.override, patch.before, patch.after, patch.around = verb "override", verb "before", verb "after", verb "around"

local function restore_class(record, name)
  local of, numbers = of_class[record] or {}, {}
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
      names[#names + 1] = key
    end
  end
  for _, key in ipairs(names) do
    if shape.methods[key] ~= nil or chain.has(o, key) then count = count + chain.clear(o, key) end
  end
  return count
end

-- molt.restore(class or object [, name]): takes all patches away; returns how many
function patch.restore(target, name)
  border.expect_quiet()
  if name ~= nil and type(name) ~= "string" then check.argument(2, "restore", "method name", name) end
  local record = handle.record(target, "class")
  local of_trait = handle.record(target, "trait")
  local count
  if of_trait then
    count = static.restore(of_trait, name)
  elseif record then
    count = restore_class(record, name) + static.restore(record, name)
  else
    local shape, o = object.expect(1, "restore", target, TARGETS)
    count = restore_object(o, shape, name)
  end
  event.emit("restore", target, name)
  return count
end

-- The uppermost patch of each name of an object, { kind, fn, below }: for introspection.
function patch.of(o, shape)
  local found = {}
  for _, name in ipairs(check.keys(o)) do
    if shape.methods[name] ~= nil then found[name] = chain.top(o, name) end
  end
  return found
end

local function copy_chain(to, shape, link)
  if link.below then copy_chain(to, shape, link.below) end
  patch_object(to, shape, link.kind, link.name, link.fn)
end

-- A copy of an object answers as the original does.
function object.copy_patches(from, to)
  local shape = bodies.of(from)
  local iterate = next
  for name, link in iterate, patch.of(from, shape) do
    rawset(to, name, nil)
    copy_chain(to, shape, link)
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
  patch_object(o, shape, "override", name, fn)
  event.emit("override", o, name)
end

return patch
