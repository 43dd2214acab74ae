-- molt.class: classes, their fills, and making instances. What they are made of: molt.compose.

local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local trait = require "molt.trait"
local select_ = require "molt.select"
local required = require "molt.required"
local hook_run = require "molt.hook_run"
local life = require "molt.life"
local static = require "molt.static"
local compose = require "molt.compose"
local evolve = require "molt.evolve"

local class = {}

local meta = { __metatable = "class" }
local all = {}             -- the records of shapes.classes: docs/decisions/0005

-- What a name is on the class: a method, or a value the user put there.
function meta.__index(proxy, name)
  local record = handle.record(proxy)
  local shape = record.shape
  if shape then
    local method = shape.methods[name]
    if method ~= nil then return method end
  elseif type(name) == "string" then
    local method = core.class_definition(record.pointer, name)
    if method ~= nil then return method end
  end
  local value = record.values[name]
  if value ~= nil then return value end
  return static.read(record, name)
end

-- Takes the class's own earlier definition of a name away.
local function undefine(record, name)
  local number = record.defined[name]
  if not number then return end
  check.result(core.class_unfill(record.pointer, number))
  record.defined[name] = nil
end

-- Defining and redefining a method are one act: the latest fill of the name. A
-- value that is no function stays on the class.
function meta.__newindex(proxy, name, value)
  local record = handle.record(proxy)
  if type(name) == "string" and not record.defined[name] and static.find(record, name) then
    return static.write(record, name, value)
  end
  if type(value) == "function" then
    if type(name) ~= "string" then check.argument(1, "class " .. record.name, "method name", name) end
    local number = check.result(core.class_fill(record.pointer, name, value, check.place(value)))
    undefine(record, name)
    record.defined[name] = number
    record.values[name] = nil
    return
  end
  if name == nil or name ~= name then check.argument(1, "class " .. record.name, "name", name) end
  undefine(record, name)
  record.values[name] = value
end

function meta.__tostring(proxy)
  return ("class %s"):format(handle.record(proxy).name)
end

-- Names of the fields of a shape, typed ones and Lua-valued ones.
local function field_names(shape)
  local typed, any = {}, {}
  for _, part in ipairs(shape.info.parts) do
    for _, field in ipairs(layout.trait(part.trait).fields) do
      local list = field.kind == "any" and any or typed
      list[#list + 1] = field.name
    end
  end
  return typed, any
end

-- The Lua-valued fields that the class's implementations start with, { name, value, … }:
-- the latest wins.
local function starts(record, has, list)
  if record.base then starts(handle.record(record.base), has, list) end
  for _, impl in ipairs(record.impls) do
    for _, name in ipairs(has[impl.trait] and impl.any_names or {}) do
      local value = impl.any[name]
      if value ~= nil then list[#list + 1], list[#list + 2] = name, value end
    end
  end
  return list
end

-- The class's implementations and its base's.
local function all_impls(record)
  local list = record.base and all_impls(handle.record(record.base)) or {}
  for _, impl in ipairs(record.impls) do list[#list + 1] = impl end
  return list
end

local function starting_with(make, list)
  if not list[1] then return make end
  return function()
    local o = make()
    for i = 1, #list, 2 do o[list[i]] = list[i + 1] end
    return o
  end
end

-- The class becomes instantiable: its shape exists, and functions that make
-- objects, without (bare) and with the Lua-valued fields they start with.
local function prepare(record)
  local shape, bare, make, needed
  repeat
    shape = shapes.get(check.result(core.class_shape(record.pointer)))
    record.shape = shape
    local typed, any = field_names(shape)
    for _, name in ipairs(record.learned or {}) do any[#any + 1] = name end
    bare = registry.maker(shape, typed, any, function() return class.make(record) end)
    make = starting_with(bare, starts(record, shape.has, {}))
    needed = required.of(shape, all_impls(record))
  until record.shape == shape            -- or a finalizer has changed the class meanwhile
  record.methods, record.required, record.hooked = shape.methods, needed, hook_run.plan(shape)
  record.bare, record.make = bare, make
  return make
end

-- A Lua-valued field that nobody declared, but that many objects have.
function shapes.hooks.learn(record, name)
  local learned = record.learned or {}
  if #learned == 8 or #name > 40 then return end
  learned[#learned + 1] = name
  record.learned, record.make = learned, false
end

-- New instances get another shape, or start with other values.
function shapes.hooks.relaid()
  for i = 1, #all do all[i].shape, all[i].make = false, false end
end

-- o[name] = value for all of them. The first twelve without a loop: LuaJIT makes
-- one straight trace of a constructor and the table written in its call, where a
-- loop of a few turns never gets compiled well.
local assign_all = assert(loadstring("local next = next return function(o, fields) local k, v = next(fields) "
  .. ("if k == nil then return end o[k] = v k, v = next(fields, k) "):rep(12)
  .. "while k ~= nil do o[k] = v k, v = next(fields, k) end end", "=molt"))()

local function assign_fields(o, fields, record)
  local unfit = check.no_fields(fields)
  if unfit then
    check.raise("type", ("'%s' takes a table of fields, got %s"):format(record.name, unfit),
      unfit == "object" and "molt.clone copies an object"
        or ("define %s:init(…) to take other arguments"):format(record.name))
  end
  assign_all(o, fields)
end

-- An object whose typed fields have their defaults, and nothing else; no init is run.
function class.make(record)
  if not record.make or not record.shape or record.shape.head.suspect ~= 0 then prepare(record) end
  return record.bare()
end

-- An object with hooks; if one fails, it is none.
local function make_hooked(record, first, ...)
  local needed, init = record.required, record.methods.init
  if needed and not init then required.check_fields(record, first) end
  local o = record.make()
  life.begin(o)
  if needed and init then
    required.run_init(record, init, o, first, ...)
  elseif init then
    init(o, first, ...)
  elseif first ~= nil then
    assign_fields(o, first, record)
  end
  life.born(o)
  return o
end

local function constructor(record)
  return function(_, first, ...)
    border.expect_quiet()
    local make = record.make or prepare(record)
    if record.hooked then return make_hooked(record, first, ...) end
    local needed, init = record.required, record.methods.init
    if needed and not init then required.check_fields(record, first) end
    local o = make()
    if needed and init then
      required.run_init(record, init, o, first, ...)
    elseif init then
      init(o, first, ...)
    elseif first ~= nil then
      assign_fields(o, first, record)
    end
    return o
  end
end

local options = { extends = true, strict = true, static = true, redefine = true }

-- Handles of traits, implementations, and under which names each trait is there:
-- an implementation fills whatever names its trait has.
local function sort_members(spec, name)
  local traits, impls, names = {}, {}, {}
  local list = select_.flatten(spec, {}, function(member, i)
    check.raise("type", ("class '%s' takes traits and implementations, got %s at %d"):format(name,
      check.kind(member), i))
  end)
  for _, record in ipairs(list) do
    traits[#traits + 1] = record.trait or record.pointer
    if record.kind == "impl" then
      impls[#impls + 1] = record
    else
      names[#names + 1] = record.trait or record.pointer
      names[#names + 1] = record.kind == "selection" and record.pointer
    end
  end
  return traits, impls, names
end

local function base_of(spec, name)
  local base = spec.extends
  if base == nil or type(base) == "function" then return nil end
  local record = handle.record(base, "class")
  if not record then
    check.raise("type", ("'extends' of class '%s' takes a class, got %s"):format(name, check.kind(base)))
  end
  return record
end

local function check_options(spec, name)
  check.list_and_names(spec, ("class '%s' takes a list of traits and named options"):format(name))
  for _, key in ipairs(check.keys(spec)) do
    if type(spec[key]) ~= "function" and not options[key] then
      check.raise("argument", ("class '%s' has no option '%s'"):format(name, key),
        check.near(key, { "extends", "migrate", "redefine", "static", "strict" })
          or "a method is a function; traits go in the list")
    end
  end
end

-- The metatable of one class's proxy: calling it makes an instance.
local function proxy_meta(record)
  return {
    __index = meta.__index, __newindex = meta.__newindex, __tostring = meta.__tostring,
    __metatable = meta.__metatable, __call = constructor(record),
  }
end

-- The proxy of a class's core handle: classes made by C get one too.
function class.proxy(pointer)
  local known = pointer and handle.proxy(pointer)
  if known or not pointer then return known end
  local info = core.class_info(pointer)
  -- What a redefinition stores has its place from the beginning: that needs no memory.
  local record = { kind = "class", name = info.name, values = {}, defined = {}, impls = {}, shape = false, make = false,
    base = class.proxy(info.base) or false, strict = false, says_strict = false, declared = false, statics = false,
    declared_statics = false }
  all[#all + 1] = record
  shapes.classes[pointer] = record
  return handle.new(pointer, record, proxy_meta(record))
end

-- What a shape knows of its class: one that C declared is met here first.
function shapes.hooks.class(pointer)
  return handle.record(class.proxy(pointer))
end

-- The methods that a declaration defines; `migrate` is no method.
function class.methods_in(spec)
  local names = {}
  for _, key in ipairs(check.keys(spec)) do
    if type(spec[key]) == "function" and key ~= "migrate" then names[#names + 1] = key end
  end
  return names
end

-- What the class has by its declaration, for the next one to take back; `defined` has
-- the numbers of its methods.
function class.declared_by(spec, traits, impls, defined)
  local declared = { traits = {}, impls = impls, numbers = {} }
  for i, pointer in ipairs(traits) do declared.traits[i] = trait.proxy(pointer) end
  for _, key in ipairs(class.methods_in(spec)) do declared.numbers[key] = defined[key] end
  return declared
end

-- molt.class(name, { T, impl, …, extends = Base, strict = true, static = { … }, redefine = true,
--   migrate = fn(self, old), method = fn })
function class.declare(name, spec)
  check.name(1, "class", name)
  if spec == nil then spec = {} end
  local one = handle.record(spec)
  if one and (one.kind == "trait" or one.kind == "impl" or one.kind == "selection") then spec = { spec } end
  if type(spec) ~= "table" or handle.record(spec) then check.argument(2, "class", "list of traits", spec) end
  check_options(spec, name)
  static.check(spec, ("class '%s'"):format(name))
  local traits, impls, names = sort_members(spec, name)
  local base = base_of(spec, name)
  local known, where = core.class_named(name)
  if known and evolve.may_redefine(spec, where) then
    local record, here = handle.record(class.proxy(known)), check.here()
    local waits = core.must_wait(nil, known)
    return evolve.in_time(waits, record.proxy, function()
      if waits then traits, impls, names = sort_members(spec, name) end     -- traits may have other versions by then
      return class.redefine(record, spec, traits, impls, base, names, here)
    end)
  end
  local pointer = check.result(core.class_declare(name, base and base.pointer, traits, check.here(), names))
  local proxy = class.proxy(pointer)
  local record = handle.record(proxy)
  record.says_strict = spec.strict == true
  record.strict = record.says_strict or base ~= nil and base.strict
  static.declare(record, spec)
  static.check_class(record)
  compose.use_listed(record, impls)
  for _, key in ipairs(class.methods_in(spec)) do proxy[key] = spec[key] end
  if not known then record.declared = class.declared_by(spec, traits, impls, record.defined) end
  return proxy
end

-- All traits of a class, its base's first.
function class.traits(record)
  local list = compose.traits(record)
  for i, pointer in ipairs(list) do list[i] = trait.proxy(pointer) end
  return list
end

return class
