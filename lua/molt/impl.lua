-- molt.impl: partial implementations of a trait, as values.

local core = require "molt.core"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local wide = require "molt.wide"
local check = require "molt.check"
local handle = require "molt.handle"
local trait = require "molt.trait"

local impl = {}

local meta = { __metatable = "impl" }

local function field_named(info, name)
  for _, field in ipairs(info.fields) do
    if field.name == name then return field end
  end
end

-- A Lua-valued field: its name keeps its place, also without a value.
local function start_with(record, name, value)
  local names, known = record.any_names, false
  for i = 1, #names do known = known or names[i] == name end
  if not known then names[#names + 1] = name end
  record.any[name] = value
end

-- A method, or the value a field starts with.
function meta.__newindex(proxy, name, value)
  local record = handle.record(proxy)
  if type(name) ~= "string" then check.argument(1, "impl " .. record.name, "name of a method or field", name) end
  local field = field_named(layout.trait(record.trait), name)
  if type(value) == "function" and not field then
    check.result(core.impl_fill(record.pointer, name, value, check.place(value)))
  elseif field and field.kind == "any" then
    start_with(record, name, value)
    shapes.hooks.relaid()
  elseif field then
    value = wide.plain(value)
    check.result(core.impl_set(record.pointer, name, value))
    if field.required and record.values[name] == nil then shapes.hooks.relaid() end   -- classes may need less
    record.values[name] = value
  else
    local names = {}
    for _, list in ipairs { layout.trait(record.trait).fields, layout.trait(record.trait).methods } do
      for _, member in ipairs(list) do names[#names + 1] = member.name end
    end
    check.raise("unknown", ("trait '%s' has no field '%s' for the implementation to fill with a %s"):format(
      layout.trait(record.trait).name, name, check.kind(value)), check.near(name, names))
  end
end

function meta.__index(proxy, name)
  local record = handle.record(proxy)
  local value = record.values[name]
  if value == nil then value = record.any[name] end
  if value ~= nil or type(name) ~= "string" then return value end
  return (core.impl_definition(record.pointer, name))
end

function meta.__tostring(proxy)
  local record = handle.record(proxy)
  return ("impl %s of %s"):format(record.name, layout.trait(record.trait).name)
end

-- The proxy of an implementation's core handle.
function impl.proxy(pointer, name)
  local known = handle.proxy(pointer)
  if known then return known end
  local info = core.impl_info(pointer)
  local record = { kind = "impl", name = name or info.name, trait = info.trait, values = {}, any = {},
    any_names = {} }           -- what `any` has, or had: docs/decisions/0005
  return handle.new(pointer, record, meta)
end

-- Records of the implementations of a trait that have a name.
function impl.named(name, pointer)
  local found = {}
  for _, record in ipairs(handle.all("impl")) do
    if record.trait == pointer and record.name == name then found[#found + 1] = record end
  end
  return found
end

-- molt.impl(T, { method = fn, field = value })
function impl.new(of, spec)
  local record = handle.check(1, "impl", of, "trait")
  if spec ~= nil and type(spec) ~= "table" then check.argument(2, "impl", "table", spec) end
  check.names(spec or {}, ("an implementation of '%s' takes named methods and fields"):format(record.name))
  local pointer = check.result(core.impl_new(record.pointer, record.name, check.here()))
  local proxy = impl.proxy(pointer)
  for _, key in ipairs(check.keys(spec or {})) do proxy[key] = spec[key] end
  return proxy
end

-- molt.missing(impl): the typed methods that neither it nor its trait defines.
function impl.missing(value)
  local record = handle.check(1, "missing", value, "impl")
  local names, own = {}, trait.proxy(record.trait)
  local methods = core.impl_info(record.pointer).methods
  for _, method in ipairs(layout.trait(record.trait).methods) do
    if not method.all and not methods[method.name] and own[method.name] == nil then names[#names + 1] = method.name end
  end
  return names
end

return impl
