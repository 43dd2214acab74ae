-- molt.build: objects from a dump, by the rules of a redefinition where traits
-- have changed since. Everything is looked at before the first object is made.

local core = require "molt.core"
local layout = require "molt.layout"
local value = require "molt.value"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local border = require "molt.border"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local trait = require "molt.trait"
local impl = require "molt.impl"
local object = require "molt.object"

local build = {}

local rawset = rawset

local function refuse(where, text, hint)
  check.raise("argument", ("cannot build: %s %s"):format(where, text), hint)
end

local function expect(v, kind, where)
  if type(v) ~= kind then refuse(where, ("is %s, expected %s %s"):format(v == nil and "missing" or "a " .. type(v),
    "a", kind)) end
  return v
end

local function place_in(list, place, where)
  if type(place) ~= "number" or list[place] == nil then
    refuse(where, ("refers to %s, which the dump does not have"):format(tostring(place)))
  end
  return place
end

local function named(kind, name, where)
  expect(name, "string", where)
  local pointer, found = core.find(name)
  if not pointer then refuse(where, ("names the %s '%s', which is not declared"):format(kind, name), found.hint) end
  if found ~= kind then refuse(where, ("names the %s '%s', which is a %s"):format(kind, name, found)) end
  return pointer
end

local function whole(digits, kind, where)
  local v = value.from_digits(expect(digits, "string", where), kind)
  if v == nil then refuse(where, ("is no %s: '%s'"):format(kind, digits)) end
  return v
end

-- What a value of the dump stands for; `plan.made` has the objects and tables, or
-- false while the dump is only looked at.
local function decode(plan, v, where)
  local kind = type(v)
  if kind == "number" or kind == "string" or kind == "boolean" then return v end
  if kind ~= "table" then refuse(where, ("is a %s"):format(kind)) end
  local what, rest = next(v)
  if what == nil or next(v, what) ~= nil then refuse(where, "is a table that does not say what it stands for") end
  if what == "object" then return plan.objects[place_in(plan.dump.objects, rest, where)] or false end
  if what == "table" then return plan.tables[place_in(plan.dump.tables, rest, where)] or false end
  if what == "int64" or what == "uint64" then return whole(rest, what, where) end
  if what == "trait" then return trait.proxy(named("trait", rest, where)) end
  if what == "class" then return class.proxy(named("class", rest, where)) end
  refuse(where, ("stands for '%s'"):format(tostring(what)), check.near(tostring(what), { "object", "table", "trait",
    "class", "int64", "uint64" }))
end

local function find_impl(name, pointer, where)
  local found = impl.named(name, pointer)
  if #found == 1 then return found[1] end
  refuse(where, ("names the implementation '%s' of %s, of which there are %d"):format(name,
    layout.trait(pointer).name, #found))
end

-- A class and what is attached, as this program has them.
local function plan_shape(entry, where)
  local record = handle.record(class.proxy(named("class", entry.class, where .. ".class")))
  local plan = { record = record, list = {}, types = expect(entry.types, "table", where .. ".types") }
  for i, attached in ipairs(expect(entry.attached, "table", where .. ".attached")) do
    local at = ("%s.attached[%d]"):format(where, i)
    local pointer = named("trait", expect(attached, "table", at).trait, at .. ".trait")
    plan.list[i] = attached.impl and find_impl(attached.impl, pointer, at) or handle.record(trait.proxy(pointer))
  end
  -- What the class has come by since needs no attaching.
  local from = shapes.get(check.result(core.class_shape(record.pointer)))
  local has, list = {}, {}
  for _, part in ipairs(from.info.parts) do has[part.trait] = true end
  for _, piece in ipairs(plan.list) do
    if piece.kind == "impl" or not has[piece.pointer] then list[#list + 1] = piece end
  end
  plan.from, plan.to = from, list[1] and object.shape_with(from, list) or from
  plan.fields = {}
  for _, part in ipairs(plan.to.info.parts) do
    for _, field in ipairs(layout.trait(part.trait).fields) do plan.fields[field.name] = field end
  end
  return plan
end

-- Why a value of a dumped type cannot go into a field, or nil; and the value as it goes.
local function fit(plan, field, type_was, v, where)
  if field.kind == "any" then return nil, nil end
  local same = not type_was or type_was == "any" or core.kind_fit(type_was, field.kind) ~= "none"
  if not same then return ("is %s, and the field is %s now"):format(type_was, field.kind) end
  local decoded = decode(plan, v, where)
  local converted, err = value.convert(field.kind, decoded, ("field '%s'"):format(field.name))
  if converted == nil then return "does not fit: " .. err.message end
  return nil, converted
end

local function run_migrate(migrate, case, shape, where)
  local draft = setmetatable({}, {
    __metatable = "draft",
    __index = function(_, k)
      if case.typed[k] ~= nil then return case.typed[k] end
      local field = shape.fields[k]
      if field and field.kind ~= "any" then return field.initial end
      return case.raw[k]
    end,
    __newindex = function(_, k, v)
      local field = shape.fields[k]
      if field and field.kind ~= "any" then
        case.typed[k] = check.result(value.convert(field.kind, v, ("field '%s'"):format(k)))
      else
        case.raw[k], case.encoded[k] = v, nil
      end
    end,
  })
  core.migrating(true)
  border.migrating = true
  local ok, err = pcall(migrate, draft, case.old)
  border.migrating = false
  core.migrating(false)
  if not ok then check.raise("lua", ("migrate failed for %s: %s"):format(where, tostring(err)), "nothing was built") end
end

local function note(report, shape, name)
  local key = shape.record.name .. "." .. name
  if report[key] then return end
  report[key] = true
  report[#report + 1] = key
end

local function plan_object(plan, entry, where, migrate, report)
  local shape = plan.shapes[place_in(plan.dump.shapes, entry.shape, where .. ".shape")]
  local case = { shape = shape, typed = {}, raw = {}, encoded = {}, old = {} }
  local reason, at, iterate = nil, nil, next
  for name, v in iterate, expect(entry.fields, "table", where .. ".fields") do
    local here = ("%s.fields.%s"):format(where, tostring(name))
    if type(name) ~= "string" then refuse(where .. ".fields", ("has the key %s"):format(tostring(name))) end
    local field, decoded = shape.fields[name], decode(plan, v, here)
    if field and field.kind ~= "any" then
      local why, converted = fit(plan, field, shape.types[name], v, here)
      if why then reason, at, case.old[name] = why, here, decoded else case.typed[name] = converted end
      if shape.types[name] and shape.types[name] ~= field.kind then case.old[name] = decoded end
    elseif not field and shape.types[name] then
      case.old[name] = decoded
      note(report, shape, name)
    elseif shape.to.methods[name] ~= nil then
      refuse(here, ("is a method of class '%s'"):format(shape.record.name))
    else
      case.encoded[name] = v
    end
  end
  if migrate and next(case.old) ~= nil then run_migrate(migrate, case, shape, where)
  elseif reason then refuse(at, reason, "give molt.build(t, migrate) a function that sets it") end
  return case
end

local function plan_all(t, migrate)
  if type(t) ~= "table" then check.argument(1, "build", "table that molt.dump made", t) end
  if t.molt ~= 1 then refuse("molt", ("is %s, expected 1"):format(tostring(t.molt)), "molt.dump makes such tables") end
  local plan = { dump = t, shapes = {}, cases = {}, objects = {}, tables = {}, report = { removed = {} } }
  for _, key in ipairs { "shapes", "objects", "tables" } do
    local iterate = next
    local count = #expect(t[key], "table", key)
    for k in iterate, t[key] do
      local place = type(k) == "number" and k >= 1 and k <= count and k % 1 == 0
      if not place then refuse(key, ("has the key %s; it is a list"):format(tostring(k))) end
    end
    for i = 1, count do expect(t[key][i], "table", ("%s[%d]"):format(key, i)) end
  end
  place_in(t.objects, t.root, "root")
  for i, entry in ipairs(t.shapes) do plan.shapes[i] = plan_shape(entry, ("shapes[%d]"):format(i)) end
  for i, entry in ipairs(t.tables) do
    for j, pair in ipairs(expect(entry, "table", ("tables[%d]"):format(i))) do
      local where = ("tables[%d][%d]"):format(i, j)
      expect(pair, "table", where)
      if pair[1] == nil or pair[1] ~= pair[1] then refuse(where, "has no key") end
      decode(plan, pair[1], where .. "[1]")
      decode(plan, pair[2], where .. "[2]")
    end
  end
  for i, entry in ipairs(t.objects) do
    plan.cases[i] = plan_object(plan, entry, ("objects[%d]"):format(i), migrate, plan.report.removed)
  end
  if not plan.cases[t.root] then refuse("root", "is not in the list of objects") end
  return plan
end

local function make_all(plan)
  for i, case in ipairs(plan.cases) do
    local o = class.make(case.shape.record)
    plan.objects[i] = o
    local from, to = bodies.of(o), case.shape.to
    if from ~= to then check.result(core.enter(o, to.id, to.meta, from.id)) end
  end
  for i in ipairs(plan.dump.tables) do plan.tables[i] = {} end
  for i, entry in ipairs(plan.dump.tables) do
    for _, pair in ipairs(entry) do plan.tables[i][decode(plan, pair[1], "")] = decode(plan, pair[2], "") end
  end
  local iterate = next
  for i, case in ipairs(plan.cases) do
    local o = plan.objects[i]
    for name, v in iterate, case.encoded do rawset(o, name, decode(plan, v, "")) end
    for name, v in iterate, case.raw do rawset(o, name, v) end
    for name, v in iterate, case.typed do o[name] = v end
  end
end

-- molt.build(t [, migrate]): the object that was dumped, and all that were with it;
-- then a report { removed = { "Car.fuel", … } } of fields that there are no more
function build.build(t, migrate)
  border.expect_no_migration()
  if migrate ~= nil then check.callable(2, "build", migrate) end
  local plan = plan_all(t, migrate)
  local ok, err = pcall(make_all, plan)
  if not ok then
    for _, o in ipairs(plan.objects) do
      if bodies.of(o) then core.finish(o) end
    end
    error(err, 0)
  end
  local removed = {}
  for i, name in ipairs(plan.report.removed) do removed[i] = name end
  table.sort(removed)
  return plan.objects[t.root], { removed = removed }
end

return build
