-- molt.class: classes, their fills, and making instances.

local core = require "molt.core"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local trait = require "molt.trait"
local event = require "molt.event"
local evolve = require "molt.evolve"

local class = {}

local meta = { __metatable = "class" }

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
  return record.values[name]
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

-- The Lua-valued fields that the class's implementations start with: the latest wins.
local function starts(record, has)
  local values, iterate = record.base and starts(handle.record(record.base), has) or {}, next
  for _, impl in ipairs(record.impls) do
    for name, v in iterate, impl.any do
      if has[impl.trait] then values[name] = v end
    end
  end
  return values
end

local function starting_with(make, values)
  local iterate = next
  if iterate(values) == nil then return make end
  return function()
    local o = make()
    for name, v in iterate, values do o[name] = v end
    return o
  end
end

-- The class becomes instantiable: its shape exists, and functions that make
-- objects, without (bare) and with the Lua-valued fields they start with.
local function prepare(record)
  local shape = shapes.get(check.result(core.class_shape(record.pointer)))
  record.shape, record.methods = shape, shape.methods
  record.bare = registry.maker(shape, field_names(shape))
  local has = {}
  for _, part in ipairs(shape.info.parts) do has[part.trait] = true end
  record.make = starting_with(record.bare, starts(record, has))
  return record.make
end

-- New instances get another shape, or start with other values.
function shapes.hooks.relaid()
  local iterate = next
  for _, record in iterate, shapes.classes do record.shape, record.make = nil, nil end
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
  if not record.make then prepare(record) end
  return record.bare()
end

local function constructor(record)
  return function(_, first, ...)
    local make = record.make or prepare(record)
    local o = make()
    local init = record.methods.init
    if init then
      init(o, first, ...)
    elseif first ~= nil then
      assign_fields(o, first, record)
    end
    return o
  end
end

local options = { extends = true, strict = true, redefine = true }

local function sort_members(spec, name)
  local traits, impls = {}, {}
  for i, member in ipairs(spec) do
    local record = handle.record(member)
    if record and record.kind == "trait" then
      traits[#traits + 1] = record.pointer
    elseif record and record.kind == "impl" then
      traits[#traits + 1] = record.trait
      impls[#impls + 1] = record
    else
      check.raise("type", ("class '%s' takes traits and implementations, got %s at %d"):format(name,
        check.kind(member), i))
    end
  end
  return traits, impls
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
        check.near(key, { "extends", "strict", "redefine", "migrate" }) or "a method is a function; traits go in the list")
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
  local record = { kind = "class", name = info.name, values = {}, defined = {}, impls = {},
    base = class.proxy(info.base) }
  shapes.classes[pointer] = record
  return handle.new(pointer, record, proxy_meta(record))
end

local function use_impl(record, impl)
  check.result(core.class_use(record.pointer, nil, impl.pointer))
  table.insert(record.impls, impl)
  if next(impl.any) ~= nil then shapes.hooks.relaid() end
end

local function drop_impl(record, impl)
  check.result(core.class_drop(record.pointer, nil, impl.pointer))
  for i = #record.impls, 1, -1 do
    if record.impls[i] == impl then
      table.remove(record.impls, i)
      break
    end
  end
  if next(impl.any) ~= nil then shapes.hooks.relaid() end
end

-- Its implementations go with it.
local function drop_trait(record, piece)
  check.result(core.class_drop(record.pointer, piece.pointer))
  for i = #record.impls, 1, -1 do
    if record.impls[i].trait == piece.pointer then table.remove(record.impls, i) end
  end
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

-- What the class has by its declaration, for the next one to take back.
function class.remember(record, spec, traits, impls)
  local declared = { traits = {}, impls = impls, numbers = {} }
  for i, pointer in ipairs(traits) do declared.traits[i] = trait.proxy(pointer) end
  for _, key in ipairs(class.methods_in(spec)) do declared.numbers[key] = record.defined[key] end
  record.declared = declared
end

-- molt.class(name, { T, impl, …, extends = Base, strict = true, method = fn })
function class.declare(name, spec)
  check.name(1, "class", name)
  if spec == nil then spec = {} end
  if handle.record(spec, "trait") or handle.record(spec, "impl") then spec = { spec } end
  if type(spec) ~= "table" or handle.record(spec) then check.argument(2, "class", "list of traits", spec) end
  check_options(spec, name)
  local traits, impls = sort_members(spec, name)
  local base = base_of(spec, name)
  local known, where = core.class_named(name)
  if known and evolve.may_redefine(spec, where) then
    return class.redefine(handle.record(class.proxy(known)), spec, traits, impls, base)
  end
  local pointer = check.result(core.class_declare(name, base and base.pointer, traits, check.here()))
  local proxy = class.proxy(pointer)
  local record = handle.record(proxy)
  record.strict = spec.strict == true or (base and base.strict) or false
  for _, impl in ipairs(impls) do use_impl(record, impl) end
  for _, key in ipairs(class.methods_in(spec)) do proxy[key] = spec[key] end
  if not known then class.remember(record, spec, traits, impls) end
  return proxy
end

local function trait_or_impl(position, verb, value)
  local record = handle.record(value)
  if not record or (record.kind ~= "trait" and record.kind ~= "impl") then
    check.argument(position, verb, "trait or implementation", value)
  end
  return record
end

-- molt.use(Class, T | impl): the class has the trait, or is filled by the
-- implementation, live instances included.
function class.use(target, what)
  local record = handle.check(1, "use", target, "class")
  local piece = trait_or_impl(2, "use", what)
  if piece.kind == "impl" then
    use_impl(record, piece)
  else
    check.result(core.class_use(record.pointer, piece.pointer))
  end
  event.emit("use", target, what)
end

-- molt.drop(Class, T | impl)
function class.drop(target, what)
  local record = handle.check(1, "drop", target, "class")
  local piece = trait_or_impl(2, "drop", what)
  if piece.kind == "impl" then drop_impl(record, piece) else drop_trait(record, piece) end
  event.emit("drop", target, what)
end

-- All traits of a class, its base's first.
function class.traits(record)
  local list = record.base and class.traits(handle.record(record.base)) or {}
  for _, pointer in ipairs(core.class_info(record.pointer).traits) do list[#list + 1] = trait.proxy(pointer) end
  return list
end

return class
