-- molt.trait: declaring traits and their default methods.

local core = require "molt.core"
local layout = require "molt.layout"
local check = require "molt.check"
local handle = require "molt.handle"
local view = require "molt.view"
local event = require "molt.event"
local evolve = require "molt.evolve"

local trait = {}

local meta = { __metatable = "trait" }

function meta.__index(proxy, name)
  local record = handle.record(proxy)
  return record.methods[name]
end

-- Defining a method on a trait defines it wherever the trait is used.
function meta.__newindex(proxy, name, fn)
  local record = handle.record(proxy)
  if type(name) ~= "string" then check.argument(1, "trait " .. record.name, "method name", name) end
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

local function check_options(spec, name)
  check.list_and_names(spec, ("trait '%s' takes a list of declarations and named options"):format(name))
  for _, key in ipairs(check.keys(spec)) do
    local option = key == "requires" or key == "excludes" or key == "redefine"
    if type(spec[key]) ~= "function" and not option then
      check.raise("argument", ("trait '%s' has no option '%s'"):format(name, key),
        check.near(key, { "requires", "excludes", "redefine", "migrate" })
          or "a field is declared by a line, a method is a function")
    end
  end
end

-- The methods that a declaration defines; `migrate` is no method.
local function methods_of(spec)
  local names = {}
  for _, key in ipairs(check.keys(spec)) do
    if type(spec[key]) == "function" and key ~= "migrate" then names[#names + 1] = key end
  end
  return names
end

local function define_methods(proxy, spec)
  for _, key in ipairs(methods_of(spec)) do proxy[key] = spec[key] end
end

-- Methods that the declaration before this one defined, unless they were replaced since.
local function remember(proxy, spec)
  local record = handle.record(proxy)
  record.declared = {}
  for _, key in ipairs(methods_of(spec)) do record.declared[key] = spec[key] end
end

local function has_part(shape, pointer)
  for _, part in ipairs(shape.info.parts) do
    if part.trait == pointer then return true end
  end
  return false
end

-- What the declaration is to have: the info of a draft, which lacks the methods
-- when they stay.
local function info_of(draft, version, was)
  layout.forget_trait(draft)
  local info = layout.trait(draft)
  if not version then info.methods = was.methods end
  return info
end

local function same_lists(was, is)
  local before = {}
  for _, entry in ipairs(was.methods) do before[entry.name] = entry.text end
  local report = { added = {}, removed = {} }
  for _, entry in ipairs(is.methods) do
    if before[entry.name] ~= entry.text then table.insert(report.added, entry.name) end
    if before[entry.name] == entry.text then before[entry.name] = nil end
  end
  report.removed = check.keys(before)
  return report
end

-- The trait's handle is another one: everything that goes by handles follows.
local function follow(record, from, to)
  if from == to then
    layout.forget_trait(to)
    return
  end
  handle.follow(record, to)
  trait.hooks.moved(from, to)
end

-- Declares a trait again that `current` is now: see molt.evolve.
local function redefine(name, spec, current, lines, required, excluded)
  local proxy = trait.proxy(current)
  local record = handle.record(proxy)
  local draft, version = core.trait_draft(current, lines, required, excluded, check.here())
  if not draft then error(version, 0) end
  local was = layout.trait(current)
  local is = info_of(draft, version, was)
  local names, functions, places, dropped, iterate = {}, {}, {}, {}, next
  for i, key in ipairs(methods_of(spec)) do
    names[i], functions[i], places[i] = key, spec[key], check.place(spec[key])
  end
  for key, fn in iterate, record.declared or {} do
    if not spec[key] and record.methods[key] == fn then dropped[#dropped + 1] = key end
  end
  local function target(shape)
    local infos = {}
    for i, part in ipairs(shape.info.parts) do
      infos[i] = part.trait == current and is or layout.trait(part.trait)
    end
    return infos
  end
  local meta_before = core.view_metas[was.index + 1]
  local function install()
    if version and was.view_meta then view.prepare(is) end
    return core.trait_redefine(current, draft, names, functions, places, dropped)
  end
  local living = evolve.living(function(shape) return has_part(shape, current) end)
  local report = evolve.report_of({ was }, { is }, 0)
  local ok, pointer, count = pcall(evolve.carry_out, living, target, spec.migrate, ("trait '%s'"):format(name), install)
  if not ok then
    core.view_metas[was.index + 1] = meta_before
    layout.drop_trait(draft, version)
    error(pointer, 0)
  end
  report.instances, report.methods = count, same_lists(was, is)
  if not version then layout.drop_trait(draft, false) end
  follow(record, current, pointer)
  for _, key in ipairs(dropped) do record.methods[key] = nil end
  for i, key in ipairs(names) do record.methods[key] = functions[i] end
  remember(proxy, spec)
  event.emit("redefine", proxy, report)
  return proxy, report
end

-- The proxy of a trait's core handle: traits declared by modules get one too.
function trait.proxy(pointer)
  local known = handle.proxy(pointer)
  if known then return known end
  return handle.new(pointer, { kind = "trait", name = layout.trait(pointer).name, methods = {} }, meta)
end

-- Set by those who keep handles of traits: moved(from, to).
trait.hooks = { moved = function() end }

-- molt.trait(name, { "double fuel = 10", …, requires = …, excludes = …, method = fn })
function trait.declare(name, spec)
  check.name(1, "trait", name)
  if spec == nil then spec = {} end
  if type(spec) ~= "table" or handle.record(spec) then check.argument(2, "trait", "table of declarations", spec) end
  check_options(spec, name)
  local lines = lines_of(spec, name)
  local required, excluded = list_of_traits(spec, "requires", name), list_of_traits(spec, "excludes", name)
  local known, where = core.trait_named(name)
  if known and evolve.may_redefine(spec, where) then
    return redefine(name, spec, known, lines, required, excluded)
  end
  local pointer = check.result(core.trait_declare(name, lines, required, excluded, check.here()))
  layout.forget_trait(pointer)
  local proxy = trait.proxy(pointer)
  define_methods(proxy, spec)
  if not known then remember(proxy, spec) end
  return proxy
end

return trait
