-- molt.required: fields without a default, which must be given.
--
-- Where an object is made from a table of fields, or a trait attached, what is
-- missing is known before anything is made. Where `init` makes the object, the
-- assignments are watched while it runs: layout.watching[o] has the names that
-- were assigned (molt.accessor); only required fields ever look.

local layout = require "molt.layout"
local check = require "molt.check"

local required = {}

local watching = layout.watching

-- Adds what the trait requires and `given(name)` does not have.
local function add_missing(list, trait, given)
  for _, field in ipairs(trait.required) do
    if not given(field.name) then
      list[#list + 1] = ("%s.%s has no value: '%s %s', declared at %s"):format(trait.name, field.name, field.kind,
        field.name, trait.where)
    end
  end
end

local function raise(list, what)
  if #list == 0 then return end
  check.raise("missing", ("%s lacks required fields:\n  %s"):format(what, table.concat(list, "\n  ")),
    "a required field has no default; an implementation may give it a value")
end

-- The required fields of a shape for which none of the class's implementations
-- has a value: { trait, name } each; nil when there are none.
function required.of(shape, impls)
  local list
  for _, part in ipairs(shape.info.parts) do
    local trait = layout.trait(part.trait)
    for _, field in ipairs(trait.required) do
      local given = false
      for _, impl in ipairs(impls) do given = given or impl.trait == part.trait and impl.values[field.name] ~= nil end
      if not given then
        list = list or {}
        list[#list + 1] = { trait = trait, field = field }
      end
    end
  end
  return list
end

local function missing_of(needed, values)
  local list = {}
  for _, need in ipairs(needed) do
    local name = need.field.name
    if values[name] == nil then add_missing(list, { name = need.trait.name, where = need.trait.where,
      required = { need.field } }, function() return false end) end
  end
  return list
end

-- A table of fields is to make an object of the class: has it all that is needed?
function required.check_fields(record, fields)
  raise(missing_of(record.required, type(fields) == "table" and fields or {}), ("'%s'"):format(record.name))
end

-- Runs init(o, …), which must assign what is needed.
function required.run_init(record, init, o, ...)
  local assigned = {}
  watching[o], watching.n = assigned, watching.n + 1
  local ok, err = pcall(init, o, ...)
  watching[o], watching.n = nil, watching.n - 1
  if not ok then error(err, 0) end
  raise(missing_of(record.required, assigned), ("'%s', whose init has returned,"):format(record.name))
end

-- Generated code hands an assignment over while some init runs.
function layout.watched(o, name, value)
  local assigned = watching[o]
  watching[o] = nil
  local ok, err = pcall(function() o[name] = value end)
  watching[o] = assigned
  if not ok then error(err, 0) end
  assigned[name] = true
end

local function add_unattached(list, trait, record, o, fields)
  add_missing(list, trait, function(name)
    return fields and fields[name] ~= nil or rawget(o, name) ~= nil
      or record.kind == "impl" and record.values[name] ~= nil
  end)
  return list
end

-- Traits and implementations (records) are to be attached to an object.
function required.check_attach(o, records, fields)
  local list
  for i = 1, #records do
    local record = records[i]
    local trait = layout.trait(record.trait or record.pointer)
    -- No closure here: a loop that closes one over is not compiled, nor is who attaches.
    if #trait.required > 0 then list = add_unattached(list or {}, trait, record, o, fields) end
  end
  if list then raise(list, "the object") end
end

-- A class with `live` objects is to use a trait, by an implementation or without.
function required.check_use(record, piece, live)
  local list, trait = {}, layout.trait(piece.trait or piece.pointer)
  add_missing(list, trait, function(name) return piece.kind == "impl" and piece.values[name] ~= nil end)
  raise(list, ("each of the %d live objects of class '%s'"):format(live, record.name))
end

return required
