-- molt.trait: declaring traits and their default methods.

local core = require "molt.core"
local layout = require "molt.layout"
local check = require "molt.check"
local handle = require "molt.handle"
local static = require "molt.static"

local trait = {}

local meta = { __metatable = "trait" }

function meta.__index(proxy, name)
  local record = handle.record(proxy)
  local method = record.methods[name]
  if method ~= nil then return method end
  return static.read(record, name)
end

-- Defining a method on a trait defines it wherever the trait is used. A static member
-- stays one.
function meta.__newindex(proxy, name, fn)
  local record = handle.record(proxy)
  if type(name) ~= "string" then check.argument(1, "trait " .. record.name, "method name", name) end
  if static.find(record, name) then return static.write(record, name, fn) end
  if type(fn) ~= "function" then
    check.raise("type", ("'%s' of trait '%s' takes a function, got %s"):format(name, record.name, check.kind(fn)),
      "fields are declared by a line of the trait: \"double fuel = 10\"")
  end
  check.result(core.trait_fill(record.pointer, name, fn, check.place(fn)))
  record.methods[name] = fn
end

function meta.__tostring(proxy)
  return ("trait %s"):format(handle.record(proxy).name)
end

local function list_of_traits(spec, key, name)
  local list, pointers = spec[key], {}
  if list == nil or type(list) == "function" then return pointers end
  if handle.record(list, "trait") then list = { list } end
  if type(list) ~= "table" then
    check.raise("type", ("'%s' of trait '%s' takes a list of traits, got %s"):format(key, name, check.kind(list)))
  end
  for i, other in ipairs(list) do
    local record = handle.record(other, "trait")
    if not record then
      check.raise("type", ("'%s' of trait '%s' takes a list of traits, got %s at %d"):format(key, name,
        check.kind(other), i))
    end
    pointers[i] = record.pointer
  end
  return pointers
end

local function lines_of(spec, name)
  local lines = {}
  for i, line in ipairs(spec) do
    if type(line) ~= "string" then
      check.raise("type", ("trait '%s' takes declarations as strings, got %s at %d"):format(name, check.kind(line), i),
        "for example \"double fuel = 10\" or \"double range(double load)\"")
    end
    lines[i] = line
  end
  return lines
end

local options = { requires = true, excludes = true, static = true }

local function check_options(spec, name)
  check.list_and_names(spec, ("trait '%s' takes a list of declarations and named options"):format(name))
  for _, key in ipairs(check.keys(spec)) do
    if type(spec[key]) ~= "function" and not options[key] then
      check.raise("argument", ("trait '%s' has no option '%s'"):format(name, key),
        check.near(key, check.keys(options)) or "a field is declared by a line, a method is a function")
    end
  end
end

local function define_methods(proxy, spec)
  for _, key in ipairs(check.keys(spec)) do
    if type(spec[key]) == "function" then proxy[key] = spec[key] end
  end
end

-- The proxy of a trait's core handle: traits declared by modules get one too.
function trait.proxy(pointer)
  local known = handle.proxy(pointer)
  if known then return known end
  return handle.new(pointer, { kind = "trait", name = layout.trait(pointer).name, methods = {} }, meta)
end

-- molt.trait(name, { "double fuel = 10", …, requires = …, excludes = …, static = { … }, method = fn })
function trait.declare(name, spec)
  check.name(1, "trait", name)
  if spec == nil then spec = {} end
  if type(spec) ~= "table" or handle.record(spec) then check.argument(2, "trait", "table of declarations", spec) end
  check_options(spec, name)
  static.check(spec, ("trait '%s'"):format(name))
  local lines = lines_of(spec, name)
  local required, excluded = list_of_traits(spec, "requires", name), list_of_traits(spec, "excludes", name)
  local pointer = check.result(core.trait_declare(name, lines, required, excluded, check.here()))
  layout.forget_trait(pointer)
  local proxy = trait.proxy(pointer)
  define_methods(proxy, spec)
  static.declare(handle.record(proxy), spec)
  return proxy
end

return trait
