-- molt.build: objects from a dump, by the rules of a redefinition where traits
-- have changed since. Everything is looked at before the first object is made.

local core = require "molt.core"
local layout = require "molt.layout"
local value = require "molt.value"
local wide = require "molt.wide"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local border = require "molt.border"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local decode = require "molt.decode"
local trait = require "molt.trait"
local impl = require "molt.impl"
local required = require "molt.required"
local life = require "molt.life"
local select_ = require "molt.select"
local view = require "molt.view"
local judge = require "molt.judge"

jit.off(true, true)           -- docs/decisions/0005-cold-modules-are-interpreted.md

local build = {}

local rawset = rawset
local refuse, expect, place_in, named = decode.refuse, decode.expect, decode.place_in, decode.named

local function find_impl(name, pointer, where)
  local found = impl.named(name, pointer)
  if #found == 1 then return found[1] end
  refuse(where, ("names the implementation '%s' of %s, of which there are %d"):format(name,
    layout.trait(pointer).name, #found))
end

-- The names under which a trait was attached: what this program makes of them.
local function find_selection(pairs_of, pointer, where)
  expect(pairs_of, "table", where)
  for i, item in ipairs(pairs_of) do expect(item, i % 3 == 0 and "number" or "string", ("%s[%d]"):format(where, i)) end
  if #pairs_of % 3 ~= 0 then refuse(where, "is a list whose length is no multiple of 3") end
  local selection = check.result(core.selection_from(pointer, pairs_of))
  return select_.proxy_of(pointer, selection, layout.trait(pointer).name .. " by other names")
end

-- Adds what stands for one attachment to a list of records.
local function add_attached(list, attached, at)
  local pointer = named("trait", expect(attached, "table", at).trait, at .. ".trait")
  if attached.names then list[#list + 1] = handle.record(find_selection(attached.names, pointer, at .. ".names")) end
  if attached.impl then list[#list + 1] = find_impl(attached.impl, pointer, at) end
  if not attached.names and not attached.impl then list[#list + 1] = handle.record(trait.proxy(pointer)) end
end

-- Fields by name, and the private ones by "Trait.name": { field, info } each.
local function fields_of(shape)
  local public, private = {}, {}
  for _, part in ipairs(shape.info.parts) do
    local info = layout.trait(part.trait)
    for _, field in ipairs(info.fields) do
      local into, key = public, field.name
      if field.private then into, key = private, wide.key(info, field) end
      into[key] = { field, info }
    end
  end
  return public, private
end

-- Every implementation that an object of the class has, and what is attached.
local function impls_of(record, list)
  local impls = {}
  for _, piece in ipairs(list) do
    if piece.kind == "impl" then impls[#impls + 1] = piece end
  end
  while record do
    for _, piece in ipairs(record.impls) do impls[#impls + 1] = piece end
    record = record.base and handle.record(record.base)
  end
  return impls
end

-- A class and what is attached, as this program has them.
local function plan_shape(entry, where)
  local record = handle.record(class.proxy(named("class", entry.class, where .. ".class")))
  local plan = { record = record, list = {}, types = expect(entry.types, "table", where .. ".types") }
  for i, attached in ipairs(expect(entry.attached, "table", where .. ".attached")) do
    add_attached(plan.list, attached, ("%s.attached[%d]"):format(where, i))
  end
  plan.private_types = entry.private and expect(entry.private, "table", where .. ".private") or {}
  -- What the class has come by since needs no attaching.
  local from = shapes.get(check.result(core.class_shape(record.pointer)))
  local list = {}
  for _, piece in ipairs(plan.list) do
    if piece.kind == "impl" or not from.has[piece.trait or piece.pointer] then list[#list + 1] = piece end
  end
  plan.from, plan.to = from, list[1] and shapes.attach_set(from, list) or from
  plan.fields, plan.private = fields_of(plan.to)
  plan.needed = required.of(plan.to, impls_of(record, plan.list)) or {}
  return plan
end

-- Does a field of one type take what was in one of another, whatever the value?
local function fits_type(was, field)
  local is = field.kind
  if was == is or was == nil or was == "any" then return true end
  local element, count = was:match("^(.-)%[(%d+)%]$")
  if element then
    return field.wide == "array" and tonumber(count) == field.count and (element == field.element
      or core.kind_fit(element, field.element) == "wider")
  end
  if field.wide == "reference" then return is == "object" end
  return not field.wide and core.kind_fit(was, is) ~= "none"
end

-- Is the object to be made one that a reference may refer to?
local function fits_target(plan, field, v)
  local entry = type(v) == "table" and plan.dump.objects[v.object]
  local shape = entry and plan.shapes[entry.shape]
  if not shape or field.target == nil then return shape ~= nil end
  for _, part in ipairs(shape.to.info.parts) do
    if layout.trait(part.trait).name == field.target then return true end
  end
  local record = shape.record
  while record do
    if record.name == field.target then return true end
    record = record.base and handle.record(record.base)
  end
  return false
end

-- Why a value of a dumped type cannot go into a field, or nil; and the value as it
-- goes: a reference's is looked up when the objects are there.
local function fit(plan, slot, type_was, v, where)
  local field, info = slot[1], slot[2]
  if not fits_type(type_was, field) then return ("is %s, and the field is %s now"):format(type_was, field.kind) end
  local decoded = decode.value(plan, v, where)
  if field.wide == "reference" then
    if fits_target(plan, field, v) then return nil, v end
    return ("does not fit: field '%s' takes a reference to '%s'"):format(field.name, field.kind)
  end
  local what = ("field '%s'"):format(field.name)
  local converted, err
  if field.wide then
    converted, err = wide.fits(info, field, decoded, what)
    converted = converted and decoded
  else
    converted, err = value.convert(field.kind, decoded, what)
  end
  if converted == nil then return "does not fit: " .. err.message end
  return nil, converted
end

local function run_migrate(migrate, case, shape, where)
  local draft = setmetatable({}, {
    __metatable = "draft",
    __index = function(_, k)
      local slot = shape.fields[k]
      if not slot or slot[1].kind == "any" then return case.raw[k] end
      if case.typed[slot] ~= nil then return case.typed[slot] end
      return slot[1].initial
    end,
    __newindex = function(_, k, v)
      local slot = shape.fields[k]
      if not slot or slot[1].kind == "any" then
        case.raw[k], case.encoded[k] = v, nil
        return
      end
      local field, what = slot[1], ("field '%s'"):format(k)
      if field.wide then
        check.result(wide.fits(slot[2], field, v, what))
        case.typed[slot] = wide.plain(v)
      else
        case.typed[slot] = check.result(value.convert(field.kind, v, what))
      end
      case.given[slot] = true
    end,
  })
  judge.run_migrate(migrate, draft, case.old, function() return where end, "nothing was built")
end

local function note(report, shape, name)
  local key = shape.record.name .. "." .. name
  if report[key] then return end
  report[key] = true
  report[#report + 1] = key
end

-- A value for a typed field: it goes there, or is among the old ones that migrate gets.
local function plan_typed(plan, case, slot, type_was, name, v, where)
  local why, converted = fit(plan, slot, type_was, v, where)
  if not why then case.typed[slot] = converted end
  if why or type_was and type_was ~= slot[1].kind then case.old[name] = decode.value(plan, v, where) end
  return why
end

local function plan_private(plan, case, entry, shape, where, report)
  local iterate, reason, at = next, nil, nil
  for key, v in iterate, entry.private and expect(entry.private, "table", where) or {} do
    local here, slot = ("%s.%s"):format(where, tostring(key)), shape.private[key]
    if slot then
      local why = plan_typed(plan, case, slot, shape.private_types[key], key, v, here)
      if why then reason, at = why, here end
    else
      case.old[key] = decode.value(plan, v, here)
      note(report, shape, tostring(key))
    end
  end
  return reason, at
end

-- Required fields that neither the dump nor an implementation has a value for.
local function check_required(case, shape, where)
  for _, need in ipairs(shape.needed) do
    local field = need.field
    local slot = field.private and shape.private[wide.key(need.trait, field)] or shape.fields[field.name]
    local has = case.typed[slot] ~= nil or field.kind == "any" and (case.raw[field.name] ~= nil
      or case.encoded[field.name] ~= nil)
    if not has then return ("has no value for the required field '%s'"):format(field.name), where .. ".fields" end
  end
end

local function plan_object(plan, entry, where, migrate, report)
  local shape = plan.shapes[place_in(plan.dump.shapes, entry.shape, where .. ".shape")]
  local case = { shape = shape, typed = {}, given = {}, raw = {}, encoded = {}, old = {} }
  local iterate = next
  local reason, at = plan_private(plan, case, entry, shape, where .. ".private", report)
  for name, v in iterate, expect(entry.fields, "table", where .. ".fields") do
    local here = ("%s.fields.%s"):format(where, tostring(name))
    if type(name) ~= "string" then refuse(where .. ".fields", ("has the key %s"):format(tostring(name))) end
    local slot, decoded = shape.fields[name], decode.value(plan, v, here)
    if slot and slot[1].kind ~= "any" then
      local why = plan_typed(plan, case, slot, shape.types[name], name, v, here)
      if why then reason, at = why, here end
    elseif not slot and shape.types[name] then
      case.old[name] = decoded
      note(report, shape, name)
    elseif shape.to.methods[name] ~= nil then
      refuse(here, ("is a method of class '%s'"):format(shape.record.name))
    else
      case.encoded[name] = v
    end
  end
  local migrates = migrate and next(case.old) ~= nil
  if migrates then run_migrate(migrate, case, shape, where) end
  local missing, there = check_required(case, shape, where)
  if missing then reason, at, migrates = missing, there, false end
  if reason and not migrates then refuse(at, reason, "give molt.build(t, migrate) a function that sets it") end
  return case
end

local function plan_all(t, migrate)
  if type(t) ~= "table" then check.argument(1, "build", "table that molt.dump made", t) end
  if t.molt ~= 1 then refuse("molt", ("is %s, expected 1"):format(tostring(t.molt)), "molt.dump makes such tables") end
  local plan = { dump = t, begun = 0, shapes = {}, cases = {}, objects = {}, tables = {}, report = { removed = {} } }
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
      decode.value(plan, pair[1], where .. "[1]")
      decode.value(plan, pair[2], where .. "[2]")
    end
  end
  for i, entry in ipairs(t.objects) do
    plan.cases[i] = plan_object(plan, entry, ("objects[%d]"):format(i), migrate, plan.report.removed)
  end
  if not plan.cases[t.root] then refuse("root", "is not in the list of objects") end
  return plan
end

local function fill_object(plan, o, case)
  local iterate = next
  for name, v in iterate, case.encoded do rawset(o, name, decode.value(plan, v, "")) end
  for name, v in iterate, case.raw do rawset(o, name, v) end
  for slot, v in iterate, case.typed do
    local field, info = slot[1], slot[2]
    if field.wide == "reference" and not case.given[slot] then v = decode.value(plan, v, "") end
    if field.private then view.make(o, info)[field.name] = v else o[field.name] = v end
  end
end

local function make_all(plan)
  for i, case in ipairs(plan.cases) do
    local o = class.make(case.shape.record)
    plan.objects[i] = o
    local from, to = bodies.of(o), case.shape.to
    if from ~= to then check.result(core.enter(o, to.id, to.meta, from.id)) end
    life.begin(o)
    plan.begun = i
  end
  for i in ipairs(plan.dump.tables) do plan.tables[i] = {} end
  for i, entry in ipairs(plan.dump.tables) do
    for _, pair in ipairs(entry) do
      plan.tables[i][decode.value(plan, pair[1], "")] = decode.value(plan, pair[2], "")
    end
  end
  for i, case in ipairs(plan.cases) do fill_object(plan, plan.objects[i], case) end
  for _, o in ipairs(plan.objects) do life.born(o) end
end

-- What was made is taken back; hooks that are due run, and their errors go to the log.
local function unmake(plan)
  for i, o in ipairs(plan.objects) do
    if i <= plan.begun and bodies.of(o) then          -- nothing ends by a hook that did not begin
      local ok, err = pcall(life.ending, o)
      if not ok or err ~= nil then core.log_error(tostring(err)) end
    end
    if bodies.of(o) then core.finish(o) end
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
    unmake(plan)
    error(err, 0)
  end
  local removed = {}
  for i, name in ipairs(plan.report.removed) do removed[i] = name end
  table.sort(removed)
  return plan.objects[t.root], { removed = removed }
end

return build
