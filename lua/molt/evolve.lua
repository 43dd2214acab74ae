-- molt.evolve: declarations change under live objects.
--
-- In two steps. First each object is judged, and nothing changes: what becomes of
-- each of its values, by `migrate` where there is one. Then the core installs
-- everything at once, or nothing; Lua-valued fields follow by stores into places
-- that are there already.

local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local value = require "molt.value"
local bodies = require "molt.bodies"
local registry = require "molt.registry"
local check = require "molt.check"

local evolve = {}

local rawget, rawset = rawget, rawset

-- What becomes of the fields of `from`, a list of trait infos, in `to`.
local function compare(from, to)
  local diff = { fields = {}, was = {}, methods = {}, added = {}, removed = {}, changed = {}, widened = {}, kept = {} }
  for _, info in ipairs(from) do
    for _, field in ipairs(info.fields) do diff.was[field.name] = field end
  end
  for _, info in ipairs(to) do
    for _, method in ipairs(info.methods) do diff.methods[method.name] = true end
    for _, field in ipairs(info.fields) do
      local was = diff.was[field.name]
      diff.fields[field.name] = field
      local list = diff.changed
      if not was then list = diff.added else
        local fit = core.kind_fit(was.kind, field.kind)
        if fit == "same" then list = diff.kept elseif fit == "wider" then list = diff.widened end
      end
      list[#list + 1] = field.name
    end
  end
  for _, info in ipairs(from) do
    for _, field in ipairs(info.fields) do
      if not diff.fields[field.name] then diff.removed[#diff.removed + 1] = field.name end
    end
  end
  return diff
end

-- Does any object have to be looked at one by one? Typed fields that are kept,
-- widened or removed are the core's. A name that becomes a typed field may be taken.
local function needs_look(diff, migrate)
  if migrate or diff.changed[1] then return true end
  for _, name in ipairs(diff.added) do
    if diff.fields[name].kind ~= "any" then return true end
  end
  for _, name in ipairs(diff.removed) do
    if diff.was[name].kind == "any" then return true end
  end
  return false
end

-- A case is one object's future: typed = name -> value, raw = name -> value, clear = name -> true.
local function write(case, name, kind, v)
  if kind == "any" then
    case.raw[name], case.clear[name] = v, v == nil or nil
  else
    case.typed[name], case.kinds[name], case.clear[name] = v, kind, true
  end
end

-- Takes a value over into a field of another type; false and why when it does not fit.
local function take(case, field, v)
  if field.kind == "any" then
    write(case, field.name, "any", v)
    return true
  end
  local fits, err = value.convert(field.kind, v, ("field '%s'"):format(field.name))
  if fits == nil then return false, err end
  write(case, field.name, field.kind, fits)
  return true
end

-- What the object's values become by themselves; the first that cannot, and why.
local function judge(o, diff, case)
  local old, misfit, reason = case.old, nil, nil
  for _, name in ipairs(diff.removed) do
    if diff.was[name].kind == "any" then
      old[name], case.clear[name] = rawget(o, name), true
    else
      old[name] = o[name]
    end
  end
  for _, name in ipairs(diff.widened) do old[name] = o[name] end
  for _, name in ipairs(diff.changed) do
    local was, field = diff.was[name], diff.fields[name]
    if was.kind == "any" then old[name] = rawget(o, name) else old[name] = o[name] end
    local fits, err = old[name] == nil, nil
    if was.kind == "any" or field.kind == "any" or core.kind_fit(was.kind, field.kind) == "some" then
      if not fits then fits, err = take(case, field, old[name]) end
    end
    if not fits and not misfit then
      misfit, reason = name, err and err.message or ("field '%s' is %s and cannot become %s"):format(name, was.kind,
        field.kind)
    end
  end
  for _, name in ipairs(diff.added) do
    local v = rawget(o, name)
    if v ~= nil and diff.fields[name].kind ~= "any" then
      old[name] = v
      local fits, err = take(case, diff.fields[name], v)
      if not fits and not misfit then misfit, reason = name, err.message end
    end
  end
  return misfit, reason
end

-- What migrate(self, old) writes to: the object as it will be, its fields only.
local function draft_of(o, diff, case)
  local draft, name_of = {}, core.object_info
  setmetatable(draft, {
    __metatable = "draft",
    __index = function(_, k)
      local field = diff.fields[k]
      if field and field.kind ~= "any" then
        if case.typed[k] ~= nil then return case.typed[k] end
        local was = diff.was[k]
        if was and was.kind ~= "any" and core.kind_fit(was.kind, field.kind) ~= "none" then return o[k] end
        return field.initial
      end
      if case.raw[k] ~= nil then return case.raw[k] end
      if case.clear[k] or k == 0 then return nil end
      if diff.methods[k] or case.shape.methods[k] ~= nil then
        check.raise("state", ("migrate works on a draft, which has fields only; '%s' is a method"):format(k),
          "call methods of the object when it has migrated")
      end
      return rawget(o, k)
    end,
    __newindex = function(_, k, v)
      local field = diff.fields[k]
      if field and field.kind ~= "any" then
        write(case, k, field.kind, check.result(value.convert(field.kind, v, ("field '%s'"):format(k))))
      elseif k == 0 or k == nil or k ~= k then
        check.raise("argument", ("a draft takes no field '%s'"):format(tostring(k)))
      elseif diff.methods[k] or case.shape.methods[k] ~= nil then
        check.raise("state", ("migrate works on a draft, which has fields only; '%s' is a method"):format(tostring(k)))
      else
        write(case, k, "any", v)
      end
    end,
    __tostring = function() return "draft of " .. select(3, name_of(o)) end,
  })
  return draft
end

local function run_migrate(migrate, o, diff, case)
  core.migrating(true)
  border.migrating = true
  local ok, err = pcall(migrate, draft_of(o, diff, case), case.old)
  border.migrating = false
  core.migrating(false)
  if ok then return end
  local text = type(err) == "table" and err.message and tostring(err) or tostring(err)
  check.raise("lua", ("migrate failed for %s: %s"):format(select(3, core.object_info(o)), text),
    "nothing has changed")
end

local function make_case(o, shape, diff, migrate, what)
  local case = { object = o, shape = shape, old = {}, typed = {}, kinds = {}, raw = {}, clear = {} }
  local misfit, reason = judge(o, diff, case)
  if migrate then
    run_migrate(migrate, o, diff, case)
  elseif misfit then
    check.raise("declaration", ("%s cannot change: %s of %s"):format(what, reason, select(3, core.object_info(o))),
      "give migrate = function(self, old) … end with the declaration, and set self." .. misfit)
  end
  return case
end

-- Cases for the objects of `list`, each with what it will be: `target(shape)` gives
-- the infos of its traits then.
local function judge_all(each, target, migrate, what)
  local cases, diffs, found, count = {}, {}, {}, 0
  for o in each do
    local shape = bodies.shape_of(o)
    local diff = diffs[shape]
    if diff == nil then
      local from = {}
      for i, part in ipairs(shape.info.parts) do from[i] = layout.trait(part.trait) end
      diff = compare(from, target(shape))
      diff.look = needs_look(diff, migrate)
      diffs[shape] = diff
    end
    count = count + 1
    if diff.look then found[#found + 1] = o end
  end
  -- Not inside the loop: migrate may do anything that is no verb.
  for i, o in ipairs(found) do
    local shape = bodies.shape_of(o)
    cases[i] = make_case(o, shape, diffs[shape], migrate, what)
  end
  return cases, count
end

-- Places for what is to be stored, so that storing cannot fail; and typed values
-- where the core finds them.
local function reserve(cases)
  local iterate = next
  for _, case in ipairs(cases) do
    local list = nil
    for name, v in iterate, case.typed do
      list = list or {}
      list[#list + 1], list[#list + 2], list[#list + 3] = name, case.kinds[name], v
    end
    core.drafts[case.object] = list
    for name in iterate, case.raw do
      if rawget(case.object, name) == nil then
        case.reserved = case.reserved or {}
        case.reserved[name] = true
        rawset(case.object, name, false)
      end
    end
  end
end

local function store(cases)
  local iterate = next
  for _, case in ipairs(cases) do
    core.drafts[case.object] = nil
    local alive = bodies.of(case.object)
    for name in iterate, alive and case.clear or {} do
      if rawget(case.object, name) ~= nil then rawset(case.object, name, nil) end
    end
    for name, v in iterate, alive and case.raw or {} do rawset(case.object, name, v) end
  end
end

local function take_back(cases)
  local iterate = next
  for _, case in ipairs(cases) do
    core.drafts[case.object] = nil
    for name in iterate, case.reserved or {} do rawset(case.object, name, nil) end
  end
end

-- Judges, commits by `install`, which returns a result or nil and an error, and
-- gives the Lua-valued fields what they are to have.
local function carry_out(each, target, migrate, what, install)
  border.expect_no_migration()
  local cases, count = judge_all(each, target, migrate, what)
  local reserved, err = pcall(reserve, cases)
  if not reserved then
    take_back(cases)
    error(err, 0)
  end
  local result, failure = install()
  if result == nil then
    take_back(cases)
    error(failure, 0)
  end
  store(cases)
  return result, count
end

-- What a redefinition did, for the return value and the event.
local function report_of(from, to, count)
  local diff, widened = compare(from, to), {}
  for _, name in ipairs(diff.widened) do widened[#widened + 1] = name end
  return { added = diff.added, removed = diff.removed, kept = diff.kept, widened = widened, changed = diff.changed,
    instances = count }
end

evolve.carry_out, evolve.report_of = carry_out, report_of

-- The file of "game.lua:12".
local function file_of(where)
  return (where:gsub(":%d+$", ""))
end

-- Is it for the running declaration to change what was declared at `where`?
function evolve.may_redefine(spec, where)
  return spec.redefine == true or file_of(where) == file_of(check.here())
end

-- Every living object whose shape passes.
function evolve.living(filter)
  return registry.each(filter)
end

return evolve
