-- molt.recompose: a class is declared again; an object becomes one of another class.

local core = require "molt.core"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local chain = require "molt.chain"
local compose = require "molt.compose"
local hook = require "molt.hook"
local hook_run = require "molt.hook_run"
local object = require "molt.object"
local registry = require "molt.registry"
local static = require "molt.static"
local event = require "molt.event"
local evolve = require "molt.evolve"

jit.off(true, true)           -- docs/decisions/0005-cold-modules-are-interpreted.md

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
  list.declared = #traits
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

-- Is a class to be strict? `changed` says so itself, by its new declaration and base;
-- others say what they said, and are it if their base is.
local function strictness(changed, says, base)
  local function is_strict(record)
    if record == changed then return says or base ~= nil and is_strict(base) end
    return record.says_strict or record.base and is_strict(handle.record(record.base)) or false
  end
  return is_strict
end

-- What follows when the core has changed, prepared: a function that only stores.
local function following(record, spec, plan, traits, impls, go, base, has)
  local proxy, iterate = base and base.proxy or false, next
  local says, strict = spec.strict == true, {}
  local is_strict = strictness(record, says, base)
  local renewals = shapes.renewals(is_strict)
  for _, other in iterate, shapes.classes do strict[other] = is_strict(other) end
  local defined = {}
  for name, number in iterate, record.defined do defined[name] = number end
  for _, name in ipairs(plan.names) do defined[name] = 0 end
  for _, name in ipairs(plan.gone) do defined[name] = nil end
  local declared, statics = class.declared_by(spec, traits, impls, defined), static.prepare(record, spec)
  local kept = {}
  for _, impl in ipairs(record.impls) do
    if not contains(go, impl.pointer) and contains(has, impl.trait) then kept[#kept + 1] = impl end
  end
  for _, impl in ipairs(impls) do
    if not contains(kept, impl) then kept[#kept + 1] = impl end
  end
  return function(numbers)
    if record.base ~= proxy then
      for _, other in iterate, shapes.classes do
        if other.answers then other.answers = false end                  -- see molt.iterate
      end
    end
    for i, name in ipairs(plan.names) do
      defined[name], declared.numbers[name] = numbers[i], numbers[i]
      if record.values[name] ~= nil then record.values[name] = nil end
    end
    record.base, record.impls, record.defined, record.declared = proxy, kept, defined, declared
    record.says_strict, record.shape, record.make = says, false, false
    for other, now in iterate, strict do other.strict = now end
    shapes.renew(renewals)
    static.commit(record, statics)
  end
end

-- Objects that have something to run when their class changes so.
local function hooked_of(record, lost, gained, each)
  local concerned = false
  for _, pointer in ipairs(lost) do concerned = concerned or core.hook_defined(pointer) end
  for _, pointer in ipairs(gained) do concerned = concerned or core.hook_defined(pointer) end
  for _, impl in ipairs(record.impls) do
    if contains(lost, impl.trait) or contains(gained, impl.trait) then
      concerned = concerned or core.hook_defined(impl.trait, impl.pointer)
    end
  end
  local list = {}
  if concerned then
    for o in each(record) do list[#list + 1] = o end
  end
  return list
end

-- Every object of the class, and of those that extend it.
local function members(record)
  return registry.each_of(record.pointer, nil, function() return true end)
end

local function difference(before, after)
  local list = {}
  for _, pointer in ipairs(before) do
    if not contains(after, pointer) then list[#list + 1] = pointer end
  end
  return list
end

-- Hooks of what objects lose run while they have it, of what they gain when they have
-- it. By then the change is done: the first error is raised, and undoes nothing.
local function run_losing(list, lost)
  local failure
  for _, o in ipairs(list) do
    local err
    if bodies.of(o) then err = hook.detaching(o, lost) end
    if failure == nil then failure = err end
  end
  return failure
end

local function arrive(o, lost, gained)
  hook.detached(o, lost)
  return hook.arrived(o, gained)
end

local function run_gained(list, lost, gained)
  local failure
  for _, o in ipairs(list) do
    if bodies.of(o) then
      local _, err = pcall(arrive, o, lost, gained)
      if failure == nil then failure = err end
    end
  end
  return failure
end

-- A class that is there is declared again.
function class.redefine(record, spec, traits, impls, base, names, here)
  local as = { record = record, base = base, traits = traits_to_be(record, traits) }
  local plan = methods_to_be(record, spec)
  local come, go = impls_to_be(record, impls)
  local before = traits_of(record)
  if base and compose.extends(base, record) then as.base = nil end     -- the core says what is wrong
  local after = traits_of(record, as)
  local function target(shape) return infos_with(traits_of(shape.class, as), shape) end
  local every = spec.migrate ~= nil or evolve.differ_in_lua(infos_of(before), infos_of(after))
  local lost, gained = difference(before, after), difference(after, before)
  local hooked, failure, follow = hooked_of(record, lost, gained, members), nil, nil
  local function change(rehearse)
    return core.class_redefine(record.pointer, base and base.pointer, as.traits, plan.names, plan.functions,
      plan.places, come, plan.dropped, here, go, names, every, rehearse)
  end
  -- Hooks run once it is certain that the change will do.
  local function install()
    local stricter = (spec.strict == true or base ~= nil and base.strict) ~= record.strict
    if hooked[1] or stricter then check.result(change(true)) end         -- the shapes to be are there, too
    if hooked[1] then failure = run_losing(hooked, lost) end
    follow = following(record, spec, plan, traits, impls, go, as.base, after)
    return change(false)
  end
  local report = evolve.report_of(infos_of(before), infos_of(after), core.live_count(nil, record.pointer))
  report.traits = names_of(before, after)
  report.methods = { added = {}, removed = plan.gone }
  for _, name in ipairs(plan.names) do
    if not record.defined[name] then table.insert(report.methods.added, name) end
  end
  local numbers = evolve.carry_out({ what = ("class '%s'"):format(record.name), migrate = spec.migrate,
    target = target, each = function() return members(record) end }, install)
  follow(numbers)
  local err = run_gained(hooked, lost, gained)
  event.emit("redefine", record.proxy, report)
  if failure or err then error(failure or err, 0) end
  return record.proxy, report
end

-- One object, as an iteration.
local function once(o)
  return function()
    local it = o
    o = nil
    return it
  end
end

local function become(o, record, migrate)
  local shape = object.expect(1, "become", o)
  local pointers, had = traits_of(record), traits_of(shape.class)
  local report = evolve.report_of(infos_with(had, shape), infos_with(pointers, shape), 1)
  report.traits = names_of(had, pointers)
  local lost, gained = difference(had, pointers), difference(pointers, had)
  local plan = hook_run.plan(shape)
  local failure = plan and plan.ends and run_losing({ o }, lost)
  evolve.carry_out({ what = object.name(o), migrate = migrate,
    target = function(of) return infos_with(pointers, of) end,
    each = function() return once(o) end }, function()
      if bodies.of(o) then return core.become(o, record.pointer) end
      object.expect(1, "become", o)
    end)
  local now = bodies.of(o)
  if now then chain.lapse(o, now.methods) end
  local err = run_gained({ o }, lost, gained)
  event.emit("redefine", o, report)
  if failure or err then error(failure or err, 0) end
  return o, report
end

-- molt.become(obj, Class [, migrate]): the object, its identity and what is
-- attached to it kept, is one of that class
function recompose.become(o, what, migrate)
  local _
  _, o = object.expect(1, "become", o)
  local record = handle.check(2, "become", what, "class")
  if migrate ~= nil then check.callable(3, "become", migrate) end
  return evolve.in_time(core.must_wait(), o, function() return become(o, record, migrate) end)
end

return recompose
