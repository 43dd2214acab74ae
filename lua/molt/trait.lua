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

-- What `requires` or `excludes` lists: handles of traits, and lines.
local function demands(spec, key, name)
  local list, pointers, lines = spec[key], {}, {}
  if list == nil or type(list) == "function" then return pointers, lines end
  if handle.record(list, "trait") or type(list) == "string" then list = { list } end
  local expected = key == "requires" and "traits and declarations" or "traits"
  if type(list) ~= "table" then
    check.raise("type", ("'%s' of trait '%s' takes a list of %s, got %s"):format(key, name, expected, check.kind(list)))
  end
  for i, other in ipairs(list) do
    local record = handle.record(other, "trait")
    if record then
      pointers[#pointers + 1] = record.pointer
    elseif type(other) == "string" then
      lines[#lines + 1] = other
    else
      check.raise("type", ("'%s' of trait '%s' takes a list of %s, got %s at %d"):format(key, name, expected,
        check.kind(other), i))
    end
  end
  return pointers, lines
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
  local required, needs = demands(spec, "requires", name)
  local excluded, bans = demands(spec, "excludes", name)
  local pointer = check.result(core.trait_declare(name, lines, required, excluded, check.here(), needs, bans))
  layout.forget_trait(pointer)
  local proxy = trait.proxy(pointer)
  define_methods(proxy, spec)
  static.declare(handle.record(proxy), spec)
  return proxy
end

-- molt.struct(name, "float x; float y"): a C struct that fields may have as type
function trait.struct(name, members)
  check.name(1, "struct", name)
  if type(members) ~= "string" then check.argument(2, "struct", "members such as \"float x; float y\"", members) end
  check.result(core.struct_declare(name, members, check.here()))
end

return trait
