-- molt.judge: what becomes of the values of one object when its traits change.
--
--   compare(traits it has, traits it is to have) -> diff, the same for all of a shape
--   judge(object, diff, migrate)                 -> case: what is to be stored where
--
-- Nothing changes here, and nothing of C's rules is repeated: a typed field that keeps
-- its type or gets a wider one follows by itself (core/src/carry.h).

local core = require "molt.core"
local border = require "molt.border"
local value = require "molt.value"
local wide = require "molt.wide"
local check = require "molt.check"
local handle = require "molt.handle"

local judge = {}

local rawget = rawget

local function named_field(info, name)
  for _, field in ipairs(info.fields) do
    if field.name == name then return field end
  end
end

-- The field whose value goes into that one, and its trait's info.
local function source_of(from, info, field)
  for _, other in ipairs(from) do
    local was = other.name == info.name and named_field(other, field.name)
    if was then return was, other end
  end
  for _, other in ipairs(from) do
    local was = named_field(other, field.name)
    if was and not was.private and not field.private then return was, other end
  end
end

local function fit_of(entry)
  local was, is = entry.was, entry.is
  if not was then return "fresh" end
  if was.kind == "any" or is.kind == "any" then return was.kind == is.kind and "same" or "convert" end
  if entry.from == entry.info then return "same" end
  return core.field_fit(entry.from.handle, was.index, entry.info.handle, is.index)
end

-- Lists of infos of traits. `owner` names the trait whose private fields a draft reaches.
function judge.compare(from, to, owner)
  local diff = { entries = {}, gone = {}, by = {}, methods = {} }
  local taken = {}
  for _, info in ipairs(to) do
    for _, method in ipairs(info.methods) do diff.methods[method.name] = true end
    for _, field in ipairs(info.fields) do
      local was, source = source_of(from, info, field)
      local entry = { name = field.name, is = field, info = info, was = was, from = source }
      entry.fit = fit_of(entry)
      if was then taken[was] = true end
      diff.entries[#diff.entries + 1] = entry
      if not field.private or (info.name == owner and not diff.by[field.name]) then diff.by[field.name] = entry end
    end
  end
  for _, info in ipairs(from) do
    for _, field in ipairs(info.fields) do
      if not taken[field] then diff.gone[#diff.gone + 1] = { name = field.name, was = field, from = info } end
    end
  end
  return diff
end

-- Does an object keep something beside its body for the field? Not for a string.
local function keeps(field)
  return field.wide and field.wide ~= "string"
end

-- Has any object of the shape to be looked at one by one? A list of names: only those
-- that have something of their own under one of them, where a typed field is new.
function judge.needs_look(diff)
  local names
  for _, entry in ipairs(diff.entries) do
    local fit, is = entry.fit, entry.is
    if fit == "some" or fit == "none" or fit == "convert" then return true end
    if fit == "fresh" and is.required then return true end
    if fit == "fresh" and is.kind ~= "any" and not is.private then
      names = names or {}
      names[#names + 1] = entry.name
    end
    if entry.was and keeps(entry.was) and entry.from ~= entry.info then return true end
  end
  for _, entry in ipairs(diff.gone) do
    if entry.was.kind == "any" or keeps(entry.was) then return true end
  end
  return names or false
end

local function read(o, entry)
  if entry.was.kind == "any" then return rawget(o, entry.name) end
  return core.field_value(o, entry.from.handle, entry.was.index)
end

-- The value as the field takes it; or nil and an error that says why not.
local function fitting(entry, v)
  local what = ("field '%s'"):format(entry.name)
  if not entry.is.wide then return value.convert(entry.is.kind, v, what) end
  local fits, err = wide.fits(entry.info, entry.is, v, what)
  if not fits then return nil, err end
  return wide.plain(v)
end

local function write(case, entry, v)
  if entry.is.kind == "any" then
    case.raw[entry.name], case.clear[entry.name] = v, v == nil or nil
  elseif v == nil then
    case.empty[entry] = true             -- only a reference is
    case.writes[entry], case.clear[entry.name] = nil, true
  else
    case.writes[entry], case.empty[entry] = v, nil
    if not entry.is.private then case.clear[entry.name] = true end
  end
end

-- Takes a value over into a field of another type; nil, or why it does not fit.
local function take(case, entry, v)
  if entry.is.kind == "any" then
    write(case, entry, v)
    return nil
  end
  local fits, err = fitting(entry, v)
  if fits == nil then return err.message end
  write(case, entry, fits)
end

-- Has an implementation a value for a field that is required?
local function given(shape, entry)
  local function by(impl)
    return impl and impl.trait and (impl.trait == entry.info.handle or entry.from and impl.trait == entry.from.handle
      or entry.info.current == impl.trait) and impl.values and impl.values[entry.name] ~= nil
  end
  local record = shape.class
  while record do
    for _, impl in ipairs(record.impls) do
      if by(impl) then return true end
    end
    record = record.base and handle.record(record.base)
  end
  for _, attached in ipairs(shape.info.attached) do
    if attached.impl and by(handle.record(handle.proxy(attached.impl))) then return true end
  end
  return false
end

local function judge_fresh(o, shape, entry, case)
  local v
  if not entry.is.private then v = rawget(o, entry.name) end
  if v ~= nil then
    if entry.is.kind == "any" then return nil end
    case.old[entry.name] = v
    return take(case, entry, v)
  end
  if entry.is.required and not given(shape, entry) then
    return ("field '%s' is required and has no value"):format(entry.name)
  end
end

local function judge_entry(o, shape, entry, case, migrate)
  local fit = entry.fit
  if fit == "fresh" then return judge_fresh(o, shape, entry, case) end
  if fit == "same" or fit == "wider" and not migrate then return nil end
  local v = read(o, entry)
  case.old[entry.name] = v
  if fit == "wider" or v == nil and entry.was.kind == "any" then return nil end
  if fit ~= "none" then return take(case, entry, v) end
  return ("field '%s' is %s and cannot become %s"):format(entry.name, entry.was.kind, entry.is.kind)
end

-- What the object's values become by themselves; the first that cannot, and why.
local function judge_values(o, shape, diff, case, migrate)
  local misfit, reason
  for _, entry in ipairs(diff.gone) do
    if migrate then case.old[entry.name] = read(o, entry) end
    if entry.was.kind == "any" then case.clear[entry.name] = true end
  end
  for _, entry in ipairs(diff.entries) do
    local why = judge_entry(o, shape, entry, case, migrate)
    if why and not misfit then misfit, reason = entry.name, why end
  end
  return misfit, reason
end

local function copy_of(x)
  if type(x) ~= "table" then return x end
  local copy, iterate = {}, next
  for k, v in iterate, x do copy[k] = v end
  return copy
end
jit.off(copy_of)             -- docs/decisions/0005

local function draft_read(o, case, entry)
  if case.empty[entry] then return nil end
  local v = case.writes[entry]
  if v ~= nil then return v end
  if entry.was and entry.was.kind ~= "any" and entry.fit ~= "none" then v = read(o, entry) else v = entry.is.initial end
  local elements = entry.is.wide == "array" or entry.is.wide == "struct"
  if elements then
    v = copy_of(v)
    write(case, entry, v)                -- its elements may be written
  end
  return v
end

-- A draft has the fields of the object as it will be. `case.read(name)` is what it has
-- beside them.
function judge.draft(case, diff, describe)
  local function refuse_method(k)
    check.raise("state", ("migrate works on a draft, which has fields only; '%s' is a method"):format(tostring(k)),
      "call methods of the object when it has migrated")
  end
  return setmetatable({}, {
    __metatable = "draft",
    __index = function(_, k)
      local entry = diff.by[k]
      if entry and entry.is.kind ~= "any" then return draft_read(case.object, case, entry) end
      if case.raw[k] ~= nil then return case.raw[k] end
      if case.clear[k] or k == 0 then return nil end
      if diff.methods[k] or case.methods[k] ~= nil then refuse_method(k) end
      return case.read(k)
    end,
    __newindex = function(_, k, v)
      local entry = diff.by[k]
      if entry and entry.is.kind ~= "any" then
        local fits, err
        if v == nil and entry.is.wide == "reference" then return write(case, entry, nil) end
        fits, err = fitting(entry, v)
        if fits == nil then error(err, 0) end
        write(case, entry, fits)
      elseif k == 0 or k == nil or k ~= k then
        check.raise("argument", ("a draft takes no field '%s'"):format(tostring(k)))
      elseif diff.methods[k] or case.methods[k] ~= nil then
        refuse_method(k)
      else
        write(case, entry or { name = k, is = { kind = "any" } }, v)
      end
    end,
    __tostring = function() return "draft of " .. describe() end,
  })
end

-- Runs migrate(draft, old) to its end: no verb may be used meanwhile, so it cannot yield.
function judge.run_migrate(migrate, draft, old, name, meanwhile)
  local ok, err = core.migrate(migrate, draft, old, border, "migrating")
  if ok then return end
  local yielded = check.yielded(err, "migrate")
  check.raise(yielded and "yield" or "lua", ("migrate failed for %s: %s"):format(name(), yielded or tostring(err)),
    meanwhile)
end

function judge.new_case(o, methods, reader)
  return { object = o, methods = methods, read = reader, old = {}, writes = {}, empty = {}, raw = {}, clear = {} }
end

-- The future of one object of a shape; raises when it has none, unless it is settled
-- elsewhere. `what` is "trait 'Tank'".
function judge.judge(o, shape, diff, migrate, what, settled)
  local case = judge.new_case(o, shape.methods, function(k) return rawget(o, k) end)
  local function name() return (select(3, core.object_info(o))) end
  local misfit, reason = judge_values(o, shape, diff, case, migrate)
  if migrate then
    judge.run_migrate(migrate, judge.draft(case, diff, name), case.old, name, "nothing has changed")
  elseif misfit and not settled then
    check.raise("declaration", ("%s cannot change: %s of %s"):format(what, reason, name()),
      "give migrate = function(self, old) … end with the declaration, and set self." .. misfit)
  end
  return case
end

return judge
