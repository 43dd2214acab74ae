-- molt.recompose: a class is declared again; an object becomes one of another class.

local core = require "molt.core"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local object = require "molt.object"
local event = require "molt.event"
local evolve = require "molt.evolve"

local recompose = {}

local function contains(list, value)
  for _, other in ipairs(list) do
    if other == value then return true end
  end
  return false
end

-- Handles of all traits of a class, its base's first; `as` has what a class is to
-- have instead of what it has.
local function traits_of(record, as)
  local base = record.base and handle.record(record.base)
  local own = core.class_info(record.pointer).traits
  if as and record == as.record then base, own = as.base, as.traits end
  local list = base and traits_of(base, as) or {}
  for _, pointer in ipairs(own) do
    if not contains(list, pointer) then list[#list + 1] = pointer end
  end
  return list
end

-- Infos of the traits that an object of a shape has when its class has these.
local function infos_with(pointers, shape)
  local all, infos = { unpack(pointers) }, {}
  for _, attached in ipairs(shape.info.attached) do
    if not contains(all, attached.trait) then all[#all + 1] = attached.trait end
  end
  for i, pointer in ipairs(all) do infos[i] = layout.trait(pointer) end
  return infos
end

-- What molt.use has added stays; what the declaration before named goes.
local function traits_to_be(record, traits)
  local list = { unpack(traits) }
  local before = {}
  for i, proxy in ipairs(record.declared and record.declared.traits or {}) do
    before[i] = handle.record(proxy).pointer
  end
  for _, pointer in ipairs(core.class_info(record.pointer).traits) do
    local used = record.declared and not contains(before, pointer)
    if used and not contains(list, pointer) then list[#list + 1] = pointer end
  end
  return list
end

local function names_of(before, after)
  local report = { added = {}, removed = {} }
  for _, pointer in ipairs(after) do
    if not contains(before, pointer) then table.insert(report.added, layout.trait(pointer).name) end
  end
  for _, pointer in ipairs(before) do
    if not contains(after, pointer) then table.insert(report.removed, layout.trait(pointer).name) end
  end
  return report
end

local function infos_of(pointers)
  local infos = {}
  for i, pointer in ipairs(pointers) do infos[i] = layout.trait(pointer) end
  return infos
end

-- Methods of the declaration, and the numbers of those that they replace or that
-- it no longer has.
local function methods_to_be(record, spec)
  local plan = { names = class.methods_in(spec), functions = {}, places = {}, dropped = {}, gone = {} }
  for i, name in ipairs(plan.names) do
    plan.functions[i], plan.places[i] = spec[name], check.place(spec[name])
    plan.dropped[#plan.dropped + 1] = record.defined[name]
  end
  local iterate = next
  for name, number in iterate, record.declared and record.declared.numbers or {} do
    if not spec[name] and record.defined[name] == number then
      plan.dropped[#plan.dropped + 1] = number
      plan.gone[#plan.gone + 1] = name
    end
  end
  return plan
end

-- Implementations that come, and those that go.
local function impls_to_be(record, impls)
  local come, go, before = {}, {}, record.declared and record.declared.impls or {}
  for _, impl in ipairs(impls) do
    if not contains(record.impls, impl) then come[#come + 1] = impl.pointer end
  end
  for _, impl in ipairs(before) do
    if not contains(impls, impl) and contains(record.impls, impl) then go[#go + 1] = impl.pointer end
  end
  return come, go
end

local function update(record, plan, numbers, impls, go, base)
  local proxy, iterate = base and base.proxy, next
  if record.base ~= proxy then
    for _, other in iterate, shapes.classes do other.answers = nil end       -- see molt.iterate
  end
  record.base = proxy
  for i, name in ipairs(plan.names) do record.defined[name], record.values[name] = numbers[i], nil end
  for _, name in ipairs(plan.gone) do record.defined[name] = nil end
  local has, kept = traits_of(record), {}
  for _, impl in ipairs(record.impls) do
    if not contains(go, impl.pointer) and contains(has, impl.trait) then kept[#kept + 1] = impl end
  end
  for _, impl in ipairs(impls) do
    if not contains(kept, impl) then kept[#kept + 1] = impl end
  end
  record.impls = kept
  record.shape, record.make = nil, nil
end

-- A class that is there is declared again.
function class.redefine(record, spec, traits, impls, base)
  local as = { record = record, base = base, traits = traits_to_be(record, traits) }
  local plan = methods_to_be(record, spec)
  local come, go = impls_to_be(record, impls)
  local before = traits_of(record)
  if base and object.extends(base, record) then as.base = nil end     -- the core says what is wrong
  local function target(shape) return infos_with(traits_of(shape.class, as), shape) end
  local function install()
    return core.class_redefine(record.pointer, base and base.pointer, as.traits, plan.names, plan.functions,
      plan.places, come, plan.dropped, check.here(), go)
  end
  local living = evolve.living(function(shape) return object.extends(shape.class, record) end)
  local after = traits_of(record, as)
  local report = evolve.report_of(infos_of(before), infos_of(after), 0)
  report.traits = names_of(before, after)
  report.methods = { added = {}, removed = plan.gone }
  for _, name in ipairs(plan.names) do
    if not record.defined[name] then table.insert(report.methods.added, name) end
  end
  local numbers, count = evolve.carry_out(living, target, spec.migrate, ("class '%s'"):format(record.name), install)
  report.instances = count
  update(record, plan, numbers, impls, go, base)
  record.strict = spec.strict == true or (base and base.strict) or false
  class.remember(record, spec, traits, impls)
  event.emit("redefine", record.proxy, report)
  return record.proxy, report
end

-- molt.become(obj, Class [, migrate]): the object, its identity and what is
-- attached to it kept, is one of that class
function recompose.become(o, what, migrate)
  local shape, _
  shape, _, o = object.expect(1, "become", o)
  local record = handle.check(2, "become", what, "class")
  if migrate ~= nil then check.callable(3, "become", migrate) end
  local pointers = traits_of(record)
  local before = infos_with(traits_of(shape.class), shape)
  local report = evolve.report_of(before, infos_with(pointers, shape), 1)
  report.traits = names_of(traits_of(shape.class), pointers)
  local once = true
  local function living()
    if not once then return nil end
    once = false
    return o
  end
  evolve.carry_out(living, function(of) return infos_with(pointers, of) end, migrate,
    ("%s"):format(object.name(o)), function()
      if bodies.of(o) then return core.become(o, record.pointer) end
      object.expect(1, "become", o)
    end)
  event.emit("redefine", o, report)
  return o, report
end

return recompose
