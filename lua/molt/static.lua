-- molt.static: what a trait or class has for itself: functions without self, values.
--
-- A static member is reached on the trait or class that declares it, on classes that
-- have the trait, and on classes that extend those; never on objects. From the top:
-- the class's own, that of its traits (two of one name are a conflict), its base's.
-- Each declaration is one entry, referred to and not copied:
--
--   record.statics = { count = { value, where, patches = { { value }, … } } }

local core = require "molt.core"
local layout = require "molt.layout"
local check = require "molt.check"
local handle = require "molt.handle"

local static = {}

local function own(record, name)
  return record.statics and record.statics[name]
end

local function conflict(record, name, a, b)
  check.raise("conflict", ("static '%s' of class '%s' is defined by %s (%s) and by %s (%s)"):format(name, record.name,
    a.owner, a.where, b.owner, b.where), "define it on the class")
end

-- What answers for a name: an entry, or nil. A conflict is an error.
local function find(record, name)
  local entry = own(record, name)
  if entry or record.kind ~= "class" then return entry end
  for _, pointer in ipairs(core.class_info(record.pointer).traits) do
    local proxy = handle.proxy(pointer)
    local other = proxy and own(handle.record(proxy), name)
    if entry and other then conflict(record, name, entry, other) end
    entry = entry or other
  end
  if entry or not record.base then return entry end
  return find(handle.record(record.base), name)
end

static.find = find

local any = false            -- has anything static been declared?

-- The value of a static member; nil when there is none.
function static.read(record, name)
  if not any or type(name) ~= "string" then return nil end
  local entry = find(record, name)
  if not entry then return nil end
  local top = entry.patches[#entry.patches]
  if top then return top.value end
  return entry.value
end

-- Declares or defines anew; nil takes the record's own away. Patches stay on top.
function static.write(record, name, value)
  local entry = own(record, name)
  if value == nil then
    if entry and entry.patches[1] then entry.inherited = true elseif entry then record.statics[name] = nil end
    return
  end
  any = true
  record.statics = record.statics or {}
  entry = entry or { patches = {}, owner = record.name }
  record.statics[name] = entry
  entry.value, entry.where, entry.inherited = value, check.here(), nil
end

local function has_field(pointer, name)
  for _, list in ipairs { layout.trait(pointer).fields, layout.trait(pointer).methods } do
    for _, member in ipairs(list) do
      if member.name == name then return true end
    end
  end
  return false
end

-- `static = { … }` of a declaration. Nothing is changed on an error.
function static.check(spec, what)
  local members = spec.static
  if members == nil or type(members) == "function" then return end
  if type(members) ~= "table" or handle.record(members) then
    check.raise("type", ("'static' of %s takes a table, got %s"):format(what, check.kind(members)))
  end
  check.names(members, ("'static' of %s takes names"):format(what))
  for _, name in ipairs(check.keys(members)) do
    if type(spec[name]) == "function" then
      check.raise("conflict", ("%s defines '%s' as a static member and as a method"):format(what, name))
    end
  end
end

function static.declare(record, spec)
  local members = spec.static
  record.declared_statics = {}
  if type(members) ~= "table" then return end
  record.declared_statics = check.keys(members)
  for _, name in ipairs(check.keys(members)) do
    if record.kind == "trait" and has_field(record.pointer, name) then
      check.raise("conflict", ("trait '%s' declares '%s' as a member of objects, too"):format(record.name, name))
    end
    static.write(record, name, members[name])
  end
end

-- The same declaration again: what the one before had and this one has not is gone.
function static.redeclare(record, spec)
  local members = type(spec.static) == "table" and spec.static or {}
  for _, name in ipairs(record.declared_statics or {}) do
    if members[name] == nil then static.write(record, name, nil) end
  end
  static.declare(record, spec)
end

local function statics_of(trait)
  local proxy = handle.proxy(trait)
  return proxy and handle.record(proxy).statics
end

-- A class is about to have the traits: no static member of theirs may be in conflict.
function static.check_use(record, list)
  if not any then return end
  local seen = {}
  for _, piece in ipairs(list) do
    local mine = statics_of(piece.trait or piece.pointer)
    for _, name in ipairs(check.keys(mine or {})) do
      local there = not own(record, name) and (seen[name] or find(record, name))
      if there and there ~= mine[name] and not (record.base and find(handle.record(record.base), name) == there) then
        conflict(record, name, there, mine[name])
      end
      seen[name] = mine[name]
    end
  end
end

-- All static members of a new class, for conflicts.
function static.check_class(record)
  if not any then return end
  for _, pointer in ipairs(core.class_info(record.pointer).traits) do
    local proxy = handle.proxy(pointer)
    for _, name in ipairs(check.keys(proxy and handle.record(proxy).statics or {})) do find(record, name) end
  end
end

local Patch = {}
Patch.__index = Patch

-- patch:remove(): true, or false when it is gone already.
function Patch:remove()
  for i, patch in ipairs(self.entry.patches) do
    if patch == self.patch then
      table.remove(self.entry.patches, i)
      static.tidy(self.record, self.name)
      return true
    end
  end
  return false
end

function Patch:__tostring()
  return ("override of static '%s' on %s"):format(self.name, self.record.name)
end

-- An entry that only patches held goes with them.
function static.tidy(record, name)
  local entry = own(record, name)
  if entry and entry.inherited and #entry.patches == 0 then record.statics[name] = nil end
end

-- Lays a value over a static member, for this trait or class and those that have it
-- from there; nil when there is no such member.
function static.override(record, name, value)
  local found = find(record, name)
  if not found then return nil end
  if type(static.read(record, name)) == "function" then check.callable(3, "override", value) end
  if value == nil then check.argument(3, "override", "value", value) end
  local entry = own(record, name)
  if not entry then
    record.statics = record.statics or {}
    entry = { inherited = true, owner = record.name, where = check.here(), patches = {} }
    record.statics[name] = entry
  end
  local patch = { value = value }
  table.insert(entry.patches, patch)
  return setmetatable({ record = record, name = name, entry = entry, patch = patch }, Patch)
end

-- Takes the patches of one name, or of all, away; how many there were.
function static.restore(record, name)
  local count = 0
  for _, key in ipairs(name and { name } or check.keys(record.statics or {})) do
    local entry = own(record, key)
    if entry then
      count = count + #entry.patches
      entry.patches = {}
      static.tidy(record, key)
    end
  end
  return count
end

return static
