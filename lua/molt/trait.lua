-- molt.trait: declaring traits and their default methods.

local core = require "molt.core"
local layout = require "molt.layout"
local check = require "molt.check"
local handle = require "molt.handle"
local static = require "molt.static"
local shapes = require "molt.shapes"
local view = require "molt.view"
local registry = require "molt.registry"
local event = require "molt.event"
local evolve = require "molt.evolve"

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

local options = { requires = true, excludes = true, static = true, redefine = true }

local function check_options(spec, name)
  check.list_and_names(spec, ("trait '%s' takes a list of declarations and named options"):format(name))
  for _, key in ipairs(check.keys(spec)) do
    if type(spec[key]) ~= "function" and not options[key] then
      check.raise("argument", ("trait '%s' has no option '%s'"):format(name, key),
        check.near(key, { "excludes", "migrate", "redefine", "requires", "static" })
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

-- Methods that a declaration defines: the next one takes them back, unless they were
-- replaced since.
local function defined_by(spec)
  local declared = {}
  for _, key in ipairs(methods_of(spec)) do declared[key] = spec[key] end
  return declared
end

-- What the declaration is to have: the info of a draft, which lacks the methods
-- when they stay.
local function info_of(draft, version, was)
  layout.forget_trait(draft)
  local info = layout.trait(draft)
  info.current = was.handle
  if not version then info.methods = was.methods end
  return info
end

local function changed_methods(was, is)
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

-- What the new declaration defines, and what only the one before did.
local function definitions(record, spec)
  local plan, iterate = { names = {}, functions = {}, places = {}, dropped = {} }, next
  for i, key in ipairs(methods_of(spec)) do
    plan.names[i], plan.functions[i], plan.places[i] = key, spec[key], check.place(spec[key])
  end
  for key, fn in iterate, record.declared or {} do
    if not spec[key] and record.methods[key] == fn then plan.dropped[#plan.dropped + 1] = key end
  end
  return plan
end
jit.off(definitions)         -- docs/decisions/0005

local function names_of_required(info)
  local names = {}
  for _, field in ipairs(info.required) do names[field.name] = true end
  return names
end

local function are_alike(a, b)
  local iterate = next
  for name in iterate, a do
    if not b[name] then return false end
  end
  for name in iterate, b do
    if not a[name] then return false end
  end
  return true
end
jit.off(are_alike)           -- docs/decisions/0005

-- What else follows when the core has changed, prepared: a function that only stores.
local function following(record, spec, was, is, version, plan)
  local methods, declared, statics, iterate = {}, defined_by(spec), static.prepare(record, spec, is.handle), next
  for key, fn in iterate, record.methods do methods[key] = fn end
  for _, key in ipairs(plan.dropped) do methods[key] = nil end
  for i, key in ipairs(plan.names) do methods[key] = plan.functions[i] end
  local required, renewals, renew_views = names_of_required(is), nil, nil
  if not version and not are_alike(required, names_of_required(was)) then
    renewals = shapes.renewals(function(class) return class.strict end, was.handle, required)
    renew_views = view.renewal(was, is.required)
  end
  return function()
    record.methods, record.declared = methods, declared
    static.commit(record, statics)
    if not renewals then return end
    shapes.renew(renewals)
    renew_views()
    shapes.hooks.relaid()
  end
end
jit.off(following)           -- docs/decisions/0005

-- Carries it out with the draft; returns the trait's handle from now on.
local function carry_out(name, spec, was, is, plan, prepare)
  local function target(shape)
    local infos = evolve.infos_of(shape)
    for i, info in ipairs(infos) do infos[i] = info == was and is or info end
    return infos
  end
  local given = { what = ("trait '%s'"):format(name), owner = name, migrate = spec.migrate, target = target,
    each = function() return registry.each_of(nil, was.handle, function() return true end) end }
  local every = spec.migrate ~= nil or evolve.differ_in_lua({ was }, { is })
  local follow
  local pointer = evolve.carry_out(given, function()
    follow = prepare()
    return core.trait_redefine(was.handle, is.handle, plan.names, plan.functions, plan.places, plan.dropped, every)
  end)
  follow()
  return pointer
end

-- Declares a trait again that `current` is now: see molt.evolve. `given` is what
-- core.trait_draft takes beside it.
local function redefine(name, spec, current, given)
  local proxy = trait.proxy(current)
  local record = handle.record(proxy)
  local plan = definitions(record, spec)
  local draft, version = core.trait_draft(current, unpack(given, 1, 6))
  if not draft then error(version, 0) end
  local was = layout.trait(current)
  local is = info_of(draft, version, was)
  local report = evolve.report_of({ was }, { is }, core.live_count(current))
  report.methods = changed_methods(was, is)
  local ok, pointer = pcall(carry_out, name, spec, was, is, plan, function()
    return following(record, spec, was, is, version, plan)
  end)
  if not ok or not version then layout.drop_trait(draft) end
  if not ok then error(pointer, 0) end
  layout.forget_trait(pointer)
  event.emit("redefine", proxy, report)
  return proxy, report
end

-- The same, in time; what can be told to be wrong at once is refused at once.
local function redeclare(name, spec, current, given)
  local proxy = trait.proxy(current)
  local waits = core.must_wait(current)
  if waits then layout.drop_trait(check.result(core.trait_draft(current, unpack(given, 1, 6)))) end
  return evolve.in_time(waits, proxy, function()
    if waits then given[2], given[3] = demands(spec, "requires", name), demands(spec, "excludes", name) end
    return redefine(name, spec, handle.record(proxy).pointer, given)
  end)
end

-- The proxy of a trait's core handle: traits declared by modules get one too.
function trait.proxy(pointer)
  local known = handle.proxy(pointer)
  if known then return known end
  return handle.new(pointer, { kind = "trait", name = layout.trait(pointer).name, methods = {},
    declared = false, statics = false, declared_statics = false }, meta)
end

-- molt.trait(name, { "double fuel = 10", …, requires = …, excludes = …, static = { … }, redefine = true,
--   migrate = fn(self, old), method = fn })
function trait.declare(name, spec)
  check.name(1, "trait", name)
  if spec == nil then spec = {} end
  if type(spec) ~= "table" or handle.record(spec) then check.argument(2, "trait", "table of declarations", spec) end
  check_options(spec, name)
  static.check(spec, ("trait '%s'"):format(name))
  local lines = lines_of(spec, name)
  local required, needs = demands(spec, "requires", name)
  local excluded, bans = demands(spec, "excludes", name)
  local known, where = core.trait_named(name)
  if known and evolve.may_redefine(spec, where) then
    return redeclare(name, spec, known, { lines, required, excluded, check.here(), needs, bans })
  end
  local pointer = check.result(core.trait_declare(name, lines, required, excluded, check.here(), needs, bans))
  layout.forget_trait(pointer)
  local proxy = trait.proxy(pointer)
  define_methods(proxy, spec)
  static.declare(handle.record(proxy), spec)
  if not known then handle.record(proxy).declared = defined_by(spec) end
  return proxy
end

-- molt.struct(name, "float x; float y"): a C struct that fields may have as type
function trait.struct(name, members)
  check.name(1, "struct", name)
  if type(members) ~= "string" then check.argument(2, "struct", "members such as \"float x; float y\"", members) end
  check.result(core.struct_declare(name, members, check.here()))
end

return trait
