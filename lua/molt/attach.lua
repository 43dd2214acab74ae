-- molt.attach: traits come to one object and go from it, whole or not at all.

local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local wide = require "molt.wide"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local check = require "molt.check"
local handle = require "molt.handle"
local required = require "molt.required"
local trait = require "molt.trait"
local select_ = require "molt.select"
local event = require "molt.event"
local chain = require "molt.chain"
local adopt = require "molt.adopt"
local hook = require "molt.hook"
local hook_run = require "molt.hook_run"
local life = require "molt.life"
local object = require "molt.object"

local attach = {}

local rawget, rawset = rawget, rawset
local by_name = setmetatable({}, { __mode = "k" })     -- fields of a shape -> name -> field
local spare = { count = 0 }                            -- for the names of one attach at a time
local expect, try_enter, state = object.expect, object.try_enter, border.state

-- Lua-valued fields that an implementation starts with.
local function start_any(o, record)
  if record.kind ~= "impl" then return end
  local any, names = record.any, record.any_names
  for i = 1, #names do
    local name = names[i]
    if any[name] ~= nil and rawget(o, name) == nil then rawset(o, name, any[name]) end
  end
end

-- The names in a table of fields, and their count, for what goes through them several times.
local function names_in(fields)
  local names, n, iterate = spare or { count = 0 }, 0, next
  spare = false
  for name in iterate, fields do
    n = n + 1
    names[n] = name
  end
  names.count = n
  return names
end

local function named(shape)
  local fields = shape.fields
  local of = by_name[fields]
  if of then return of end
  of = {}
  for i = 1, #fields do of[fields[i].name] = fields[i] end
  by_name[fields] = of
  return of
end

-- Will every field take its value? Nothing has been changed yet.
local function check_values(o, to, fields, names)
  local typed = named(to)
  for i = 1, names.count do
    local name = names[i]
    local field, v = typed[name], fields[name]
    if field then
      check.result(wide.fits(field.of, field.wide or field, v, ("field '%s'"):format(name)))
    elseif to.methods[name] ~= nil then
      shapes.hooks.check_override(o, name, v)
    elseif to.class.strict then
      shapes.hooks.unknown(o, name, to)
    end
  end
end

local function with(shape, record)
  local is_impl = record.kind == "impl"
  if record.kind == "selection" then
    record.alone = record.alone or { record }
    return shapes.attach_set(shape, record.alone)
  end
  return shapes.attach(shape, is_impl and record.trait or record.pointer, is_impl and record.pointer or nil)
end

-- What the fields of these names were, for an attach that is undone.
local function raw_values(o, names, shape)
  local before = {}
  if not names then return before end
  local typed = named(shape)
  for i = 1, names.count do
    local name = names[i]
    local is, value = typed[name] ~= nil, rawget(o, name)
    if is then value = o[name] end
    before[i] = { name = name, typed = is, value = value }
  end
  return before
end

-- The object is again as it was before an attach whose hook failed.
local function undo_attach(o, shape, to, before, adoptions)
  local now = bodies.of(o)
  if now == to then
    attach.leave(o, shape)
  else
    -- The hook attached or detached, too: only what this attach brought goes.
    for _, pointer in ipairs(adopt.lapsing(to, shape)) do
      local ok, less = pcall(shapes.detach, bodies.of(o), pointer)
      if ok then attach.leave(o, less) end
    end
  end
  for _, adoption in ipairs(adoptions or {}) do
    for _, entry in ipairs(adoption[2]) do
      if entry.raw ~= nil then rawset(o, entry.name, entry.raw) end
    end
  end
  for _, entry in ipairs(before) do
    if entry.typed then o[entry.name] = entry.value else rawset(o, entry.name, entry.value) end
  end
end

-- What an attach gives the object, which has the traits now: only want of memory can
-- refuse it.
local function fill_in(o, list, fields, names, adoptions)
  if adoptions then
    for _, adoption in ipairs(adoptions) do adopt.take(o, adoption[1], adoption[2]) end
  end
  for i = 1, #list do start_any(o, list[i]) end
  for i = 1, names and names.count or 0 do o[names[i]] = fields[names[i]] end
end

-- Hooks of the traits that an attach brought.
local function run_attached(o, plan, shape, to, before, adoptions)
  local gained = adopt.lapsing(to, shape)
  if not gained[1] then return end
  hook.attached(o, plan, gained, function() undo_attach(o, shape, to, before, adoptions) end)
end

-- molt.attach(obj, T | impl | {T, …} [, fields])
function attach.attach(o, what, fields)
  local shape
  border.expect_quiet()
  shape, o = expect(1, "attach", o)
  if life.is_ending(o) then check.raise("state", ("%s is ending"):format(object.name(o))) end
  local list = select_.pieces("attach", what)
  local unfit = fields ~= nil and check.no_fields(fields)
  if unfit then check.argument(3, "attach", "table of fields", fields, unfit) end
  local to = list[2] and shapes.attach_set(shape, list) or list[1] and with(shape, list[1]) or shape
  local names = fields and names_in(fields)
  if names then check_values(o, to, fields, names) end
  required.check_attach(o, list, fields)
  local adoptions
  for i = 1, #list do
    local of = list[i].trait or list[i].pointer
    local found = adopt.find(o, of)
    if found then
      adoptions = adoptions or {}
      adoptions[#adoptions + 1] = { of, found }
    end
  end
  local plan = hook_run.plan(to)
  local before = (plan or fields) and raw_values(o, names, shape)
  if not try_enter(o, shape, to) then return attach.attach(o, what, fields) end
  if fields or adoptions then
    local ok, err = pcall(fill_in, o, list, fields, names, adoptions)
    if not ok then
      undo_attach(o, shape, to, before or {}, adoptions)
      error(err, 0)
    end
    spare = names or spare
  else
    for i = 1, #list do start_any(o, list[i]) end
  end
  if plan then
    local ok, err = pcall(run_attached, o, plan, shape, to, before, adoptions)
    if not ok then
      if bodies.of(o) == to then undo_attach(o, shape, to, before, adoptions) end     -- no hook had its turn
      error(err, 0)
    end
  end
  if event.heard "attach" then for _, record in ipairs(list) do event.emit("attach", o, record.proxy) end end
  return o
end

-- Moves an object to another shape of its class: gives back what lapsing traits
-- had adopted, and takes the Lua-valued fields they declared. False where the object
-- was changed since: see object.try_enter.
local function try_leave(o, to)
  local shape = bodies.of(o)
  local gone = adopt.lapsing(shape, to)
  local values = adopt.values(o, gone)
  local done, err = try_enter(o, shape, to)
  if not done then return false, err end
  adopt.give_back(o, gone, values)
  chain.lapse(o, to.methods)
  return true
end

function attach.leave(o, to)
  local done, err = try_leave(o, to)
  if not done then error(err, 0) end
end

-- What is attached to a living object: a list of { trait, impl }; empty for any other value.
function attach.attached(o)
  local shape = bodies.of(o)
  return shape and shape.info.attached or {}
end

-- Has the object the trait, by now?
function attach.has(o, pointer)
  local shape = bodies.of(o)
  return shape and shape.has[pointer]
end

local function wants_cascade(options)
  if options == nil then return false end
  if check.kind(options) ~= "table" then check.argument(3, "detach", "table of options", options) end
  for _, key in ipairs(check.keys(options)) do
    if key ~= "cascade" then
      check.raise("argument", ("molt.detach has no option '%s'"):format(key), check.near(key, { "cascade" }))
    end
  end
  return options.cascade
end

local function without(shape, pointer, cascade)
  if not cascade then return shapes.detach(shape, pointer) end
  return shapes.get(check.result(core.shape_cascade(shape.id, pointer)))
end

-- Hooks of a trait that goes, while it is still there; then it goes, whatever they
-- did. Returns the first error.
local function leave_hooked(o, shape, to, pointer, cascade)
  local leaving = adopt.lapsing(shape, to)
  for _, lapses in ipairs(leaving) do
    if hook.is_leaving(o, lapses) then
      check.raise("state", ("trait '%s' is leaving %s already"):format(layout.trait(lapses).name, object.name(o)))
    end
  end
  local err = hook.detaching(o, leaving)
  local now = bodies.of(o)
  if now and now.has[pointer] then attach.leave(o, now == shape and to or without(now, pointer, cascade)) end
  hook.detached(o, leaving)
  return err
end

-- molt.detach(obj, T [, { cascade = true }]): an implementation stands for its trait;
-- a cascade takes along what requires it
function attach.detach(o, what, options)
  local shape
  border.expect_quiet()
  local epoch = state.epoch
  shape, o = expect(1, "detach", o)
  local record = handle.record(what)
  if not record or (record.kind ~= "trait" and record.kind ~= "impl" and record.kind ~= "selection") then
    check.argument(2, "detach", "trait", what)
  end
  local pointer = record.trait or record.pointer
  local cascade = wants_cascade(options)
  local ok, to = pcall(without, shape, pointer, cascade)
  if not ok and state.epoch == epoch then error(to, 0) end
  local err
  if ok and hook_run.plan(shape) then
    err = leave_hooked(o, shape, to, pointer, cascade)
  elseif not ok or not try_leave(o, to) then
    return attach.detach(o, what, options)       -- a finalizer has changed something meanwhile
  end
  if event.heard "detach" then
    for _, gone in ipairs(cascade and adopt.lapsing(shape, to) or { pointer }) do
      event.emit("detach", o, trait.proxy(gone))
    end
  end
  if err ~= nil then error(err, 0) end
  return o
end

hook.leave = attach.leave

return attach
