-- molt.static: what a trait or class has for itself: functions without self, values.
--
-- A static member is reached on the trait or class that declares it, on classes that
-- have the trait, and on classes that extend those; never on objects. From the top:
-- the class's own, that of its traits (two of one name are a conflict), its base's.
-- Each declaration is one entry, referred to and not copied:
--
--   record.statics = { count = { value, where, patches = { … } } }      -- molt.static_chain

local core = require "molt.core"
local layout = require "molt.layout"
local check = require "molt.check"
local handle = require "molt.handle"
local static_chain = require "molt.static_chain"

local static = {}

local function own(record, name)
  return record.statics and record.statics[name]
end

local function conflict(record, name, a, b)
  check.raise("conflict", ("static '%s' of class '%s' is defined by %s (%s) and by %s (%s)"):format(name, record.name,
    a.owner, a.where, b.owner, b.where), "define it on the class")
end

-- Does the record itself say what the name is? Its wrappers alone do not.
local function settles(record, name)
  local entry = own(record, name)
  return entry and (not entry.inherited or static_chain.has_override(entry.patches))
end

local find

-- What a record has of a name when it has none itself: from its traits, or its base.
local function inherit(record, name)
  if record.kind ~= "class" then return nil end
  local entry, holder
  for _, pointer in ipairs(core.class_info(record.pointer).traits) do
    local proxy = handle.proxy(pointer)
    local from = proxy and handle.record(proxy)
    local other = from and own(from, name)
    if entry and other then conflict(record, name, entry, other) end
    if other then entry, holder = other, from end
  end
  if entry or not record.base then return entry, holder end
  return find(handle.record(record.base), name)
end

-- What answers for a name: an entry, and whose it is; or nil. A conflict is an error.
function find(record, name)
  local entry = own(record, name)
  if entry then return entry, record end
  return inherit(record, name)
end

static.find = find

local value_of

-- A member without the patches of its holder.
local function bare(entry, holder, name)
  if not entry.inherited then return entry.value end
  return value_of(name, inherit(holder, name))
end

function value_of(name, entry, holder)
  if not entry then return nil end
  local patches = entry.patches
  if not patches[1] then return bare(entry, holder, name) end
  return static_chain.answer(patches, #patches, bare, entry, holder, name)
end

local any = false            -- has anything static been declared?

-- The value of a static member; nil when there is none.
function static.read(record, name)
  if not any or type(name) ~= "string" then return nil end
  return value_of(name, find(record, name))
end

-- Where memory runs out, nothing has changed: an entry is whole, with a place for all
-- that it will ever hold, before it is put there.
local function put(record, name, entry)
  record.statics = record.statics or {}
  record.statics[name] = entry
end

-- Declares or defines anew; nil takes the record's own away. Patches stay on top.
function static.write(record, name, value)
  local entry = own(record, name)
  if value == nil then
    if entry and entry.patches[1] then entry.inherited = true elseif entry then record.statics[name] = nil end
    return
  end
  any = true
  local where = check.here()
  if entry then
    entry.value, entry.where, entry.inherited = value, where, false
  else
    put(record, name, { patches = {}, owner = record.name, value = value, where = where, inherited = false })
  end
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

local function expect_apart(record, pointer, name)
  if not has_field(pointer, name) then return end
  check.raise("conflict", ("trait '%s' declares '%s' as a member of objects, too"):format(record.name, name))
end

function static.declare(record, spec)
  local members = spec.static
  record.declared_statics, record.statics = {}, record.statics or false
  if type(members) ~= "table" then return end
  record.declared_statics = check.keys(members)
  for _, name in ipairs(check.keys(members)) do
    if record.kind == "trait" then expect_apart(record, record.pointer, name) end
    static.write(record, name, members[name])
  end
end

-- The same declaration again: what the one before had and this one has not is gone.
-- Everything is found out, and every place made, before the change, to which the trait's draft belongs.
function static.prepare(record, spec, draft)
  local members = type(spec.static) == "table" and spec.static or {}
  local plan = { names = check.keys(members), entries = {}, values = {}, gone = {}, statics = {}, where = check.here() }
  local iterate = next
  for name, entry in iterate, record.statics or {} do plan.statics[name] = entry end
  for _, name in ipairs(record.declared_statics or {}) do
    local entry = members[name] == nil and plan.statics[name]
    if entry and entry.patches[1] then plan.gone[#plan.gone + 1] = entry elseif entry then plan.statics[name] = nil end
  end
  for i, name in ipairs(plan.names) do
    if draft then expect_apart(record, draft, name) end
    local entry = plan.statics[name]
      or { patches = {}, owner = record.name, value = false, where = "", inherited = false }
    plan.statics[name], plan.entries[i], plan.values[i] = entry, entry, members[name]
  end
  return plan
end
jit.off(static.prepare)      -- docs/decisions/0005

-- Needs no memory.
function static.commit(record, plan)
  if plan.names[1] then any = true end
  for _, entry in ipairs(plan.gone) do entry.inherited = true end
  for i, entry in ipairs(plan.entries) do
    entry.value, entry.where, entry.inherited = plan.values[i], plan.where, false
  end
  record.statics, record.declared_statics = plan.statics, plan.names
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
      local there = not settles(record, name) and (seen[name] or inherit(record, name))
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

-- An entry that only patches held goes with them.
local function tidy(record, name)
  local entry = own(record, name)
  if entry and entry.inherited and #entry.patches == 0 then record.statics[name] = nil end
end

local Patch = {}
Patch.__index = Patch

-- patch:remove(): true; or false, and text that says why not, when it is gone already.
function Patch:remove()
  if getmetatable(self) ~= Patch then check.argument(1, "remove", "patch", self) end
  for i, patch in ipairs(self.entry.patches) do
    if patch == self.patch then
      table.remove(self.entry.patches, i)
      tidy(self.record, self.name)
      return true
    end
  end
  return false, ("%s was removed already"):format(tostring(self))
end

function Patch:__tostring()
  return ("%s of static '%s' on %s"):format(self.patch.kind, self.name, self.record.name)
end

-- A function that calls what is beneath the patch of that number.
local function following(record, name, kind)
  return function(number, ...)
    local entry = own(record, name)
    local value
    if entry then
      value = static_chain.answer(entry.patches, static_chain.under(entry.patches, number), bare, entry, record, name)
    else
      value = value_of(name, inherit(record, name))
    end
    if type(value) == "function" then return value(...) end
    check.raise("missing", ("nothing is left of static '%s' beneath this %s"):format(name, kind))
  end
end

local function check_patch(record, kind, name, value)
  local before = static.read(record, name)
  if kind == "override" then
    if type(before) == "function" then check.callable(3, kind, value) end
    if value == nil then check.argument(3, kind, "value", value) end
    return
  end
  check.callable(3, kind, value)
  if type(before) == "function" then return end
  check.raise("type", ("static '%s' of %s '%s' is no function but a %s"):format(name, record.kind, record.name,
    check.kind(before)), "molt.override gives it another value")
end

-- Lays a patch over a static member, for this trait or class and those that have it
-- from there; nil when there is no such member.
function static.patch(record, kind, name, value)
  if not find(record, name) then return nil end
  check_patch(record, kind, name, value)
  local patch = static_chain.patch(kind, value, following(record, name, kind))
  local fresh = { inherited = true, owner = record.name, value = false, where = check.here(), patches = {} }
  record.statics = record.statics or {}
  local made = setmetatable({ record = record, name = name, patch = patch, entry = false }, Patch)
  -- No finalizer runs from here on: one might patch the same member.
  local entry = own(record, name) or fresh
  record.statics[name] = entry
  made.entry = entry
  entry.patches[#entry.patches + 1] = patch
  return made
end

-- Takes the patches of one name, or of all, away; how many there were.
function static.restore(record, name)
  local count = 0
  for _, key in ipairs(name and { name } or check.keys(record.statics or {})) do
    local entry = own(record, key)
    if entry then
      count = count + #entry.patches
      entry.patches = {}
      tidy(record, key)
    end
  end
  return count
end

return static
