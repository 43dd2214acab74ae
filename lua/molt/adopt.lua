-- molt.adopt: values that an object has under the names of fields it gains.
--
-- A typed field takes such a value over, if it fits, and gives it back, as it is by
-- then, when the field goes; a Lua-valued one is that entry already, and stays. What
-- else a Lua-valued field held goes with its trait. So for one object (attach,
-- detach), and for all of a class (use, drop).

local core = require "molt.core"
local layout = require "molt.layout"
local value = require "molt.value"
local wide = require "molt.wide"
local check = require "molt.check"
local chain = require "molt.chain"

local adopt = {}

local rawget, rawset = rawget, rawset

-- object -> name of a trait -> { { name, kind, wide, raw }, … }
local adopted = setmetatable({}, { __mode = "k" })

local function name_of(pointer)
  return layout.trait(pointer).name
end

-- What the object would give a trait; nil when nothing. Raises when a value does not
-- fit; the error names the object when it is one of many.
function adopt.find(o, pointer, one_of_many)
  local list
  local fields = layout.trait(pointer).fields
  for i = 1, #fields do
    local field = fields[i]
    local raw = rawget(o, field.name)
    if raw ~= nil and not field.private then
      local fits, err = true, nil
      if field.kind ~= "any" then
        fits, err = wide.fits(layout.trait(pointer), field, raw, ("field '%s'"):format(field.name))
      end
      if fits == nil then
        local whose = one_of_many and select(3, core.object_info(o)) .. " cannot take" or "cannot attach"
        check.raise(err.code, ("%s '%s': %s"):format(whose, layout.trait(pointer).name, err.message),
          "the object has a raw value under that name; change or clear it first")
      end
      list = list or {}
      list[#list + 1] = { name = field.name, kind = field.kind, wide = field.wide,
        raw = field.kind ~= "any" and raw or nil }
    end
  end
  return list
end

local function remember(o, pointer, list)
  local of = adopted[o] or {}
  adopted[o] = of
  of[name_of(pointer)] = list
end

-- What the object has under the names of traits that its class is to bring; nil when
-- nothing. Whether it fits is for others to judge.
function adopt.notes(o, gained)
  local notes
  for i = 1, #gained do
    local list
    for _, field in ipairs(layout.trait(gained[i]).fields) do
      if not field.private and rawget(o, field.name) ~= nil then
        list = list or {}
        list[#list + 1] = { name = field.name, kind = field.kind, wide = field.wide }
      end
    end
    if list then
      notes = notes or {}
      notes[#notes + 1] = { gained[i], list }
    end
  end
  return notes
end

-- The class brings them now, and has taken over what was noted.
function adopt.noted(o, notes)
  for _, note in ipairs(notes) do remember(o, note[1], note[2]) end
end

-- The object has the trait now: its fields take over what was found.
function adopt.take(o, pointer, list)
  remember(o, pointer, list)
  for _, entry in ipairs(list) do
    if entry.kind ~= "any" then
      rawset(o, entry.name, nil)
      o[entry.name] = entry.raw
    end
  end
end

-- What the traits that go had adopted, read while the object still has them; nil
-- when it is nothing.
function adopt.values(o, gone)
  local of = adopted[o]
  if not of then return nil end
  local values = {}
  for i = 1, #gone do
    for _, entry in ipairs(of[name_of(gone[i])] or {}) do
      values[#values + 1] = { entry.name, wide.plain(o[entry.name]) }
    end
  end
  return values
end

-- The traits are gone: so are their Lua-valued fields, and what they had adopted is back.
function adopt.give_back(o, gone, values)
  local of = adopted[o]
  for i = 1, #gone do
    local any = layout.trait(gone[i]).any
    for k = 1, #any do rawset(o, any[k].name, nil) end
    wide.forget(o, layout.trait(gone[i]))
    if of then of[name_of(gone[i])] = nil end
  end
  if values then
    for _, value_of in ipairs(values) do rawset(o, value_of[1], value_of[2]) end
  end
end

-- The object has lost traits: they give nothing back any more.
function adopt.drop(o, lost)
  local of = adopted[o]
  for i = 1, of and #lost or 0 do of[name_of(lost[i])] = nil end
end

-- A copy gives back what its original would.
function adopt.copy(from, to)
  local of, iterate = adopted[from], next
  if not of then return end
  adopted[to] = adopted[to] or {}
  for name, list in iterate, of do adopted[to][name] = list end
end

-- The traits that an object has in a shape and not in another; cached.
function adopt.lapsing(shape, to)
  local list = shape.lapse[to]
  if list then return list end
  list = {}
  for _, part in ipairs(shape.info.parts) do
    if not to.has[part.trait] then list[#list + 1] = part.trait end
  end
  shape.lapse[to] = list
  return list
end

-- A change of layout is prepared object by object, and then installed whole or not
-- at all; no Lua but this runs in between.
local staged = {}            -- { object, shape, gained, gone, values }, …

local function keeps_in_table(traits)
  for i = 1, #traits do
    local info = layout.trait(traits[i])
    if info.any[1] or info.wide[1] then return true end
  end
  return false
end

local function stage(o, from, to, body)
  local gained, gone = adopt.lapsing(to, from), adopt.lapsing(from, to)
  local found
  for i = 1, #gained do
    local list = adopt.find(o, gained[i], true)
    for _, entry in ipairs(list or {}) do
      if entry.kind ~= "any" and not entry.wide then
        body[entry.name] = value.convert(entry.kind, entry.raw, entry.name)
      end
    end
    found = found or (list and {})
    if list then found[gained[i]] = list end
  end
  local values = adopt.values(o, gone)
  local goes = gone[1] and (values or chain.any(o) or keeps_in_table(gone))
  if found or goes then staged[#staged + 1] = { o, to, found or {}, gone, values } end
end

-- What there is to do for each object that goes from one shape to another: see
-- molt.shapes. `settle` is called once when all have got their bodies, or none.
function adopt.look(from, to)
  return (adopt.lapsing(to, from)[1] or adopt.lapsing(from, to)[1]) and stage
end

function adopt.settle(commit)
  local list, iterate = staged, next
  staged = {}
  if not commit then return end
  for i = 1, #list do
    local o, to, gained, gone, values = unpack(list[i], 1, 5)
    for pointer, found in iterate, gained do
      remember(o, pointer, found)
      for _, entry in ipairs(found) do
        if entry.kind ~= "any" then rawset(o, entry.name, nil) end
        if entry.wide then o[entry.name] = entry.raw end     -- C copies it into the new body
      end
    end
    adopt.give_back(o, gone, values)
    if gone[1] then chain.lapse(o, to.methods) end
  end
end
jit.off(adopt.settle)        -- docs/decisions/0005

return adopt
