-- molt.chain: the patches of one method of one object.
--
--   raw field: a function ─environment─▶ link ─below─▶ link ─below─▶ nil: the shape's turn
--
-- The raw field is the truth: it holds what is called, and everything else is
-- reached from it, so that the patches die with their object even where they refer
-- to it (LuaJIT has no ephemerons). The lowest override is the user's function
-- itself; every other patch is a function made here, whose environment is its link.
-- Lua does not tell of an assignment to a key that is there: a function assigned over
-- patches covers them until they are restored.

local core = require "molt.core"
local bodies = require "molt.bodies"
local beneath = require "molt.beneath"
local room = require "molt.room"
local wrap = require "molt.wrap"

local chain = {}

local rawget, rawset, getfenv, setfenv = rawget, rawset, debug.getfenv, debug.setfenv

local LINK = {}                                      -- in a link, so that it is known as one
local weak_keys, weak = { __mode = "k" }, { __mode = "kv" }
-- name -> object -> the serial of its one patch, an override; or, where there is more
-- to tell, { serial, …, lowest = serial, raw = true }: the serials of those not
-- removed, which of them is the lowest override, whose function is the user's own,
-- and whether the user put it there by rawset. No references.
local records = {}
local names = {}                                     -- those of `records`: docs/decisions/0005
local patched = setmetatable({}, weak_keys)          -- objects that have, or had, patches
local own = {}                                       -- name -> object -> what its lowest override put there
local links = setmetatable({}, { __mode = "v" })     -- serial -> link
local serial = 0

local function next_serial()
  serial = serial + 1
  return serial
end

-- What is beneath a link now: patches that were removed while it ran are passed over.
local function following(link)
  local class_turn = beneath.next { name = link.name, kind = link.kind, key = link.name }
  return function(...)
    local below = link.below
    while below and below.gone do below = below.below end
    if below then return below.call(...) end
    return class_turn(...)
  end
end

local function new_link(o, name, kind, fn, below, number)
  local link = { [LINK] = true, object = o, name = name, kind = kind, fn = fn, below = below, serial = number }
  if kind == "override" and not below then
    link.call = fn
  else
    link.call = setfenv(wrap[kind](fn, following(link)), link)
  end
  links[number] = link
  return link
end

local function entry_of(o, name)
  local of = records[name]
  return of and of[o]
end

-- The tables of a name. Making them may run a finalizer; storing in them does not.
local function open_name(name)
  own[name] = own[name] or setmetatable({}, weak)
  if records[name] then return end
  local of = setmetatable({}, weak_keys)
  names[#names + 1] = name
  records[name] = of
end

local function set_entry(o, name, entry)
  open_name(name)
  records[name][o] = entry
  if entry ~= nil then patched[o] = true end
end

local function own_of(o, name)
  local of = own[name]
  return of and of[o]
end

local function set_own(o, name, value)
  open_name(name)
  own[name][o] = value
end

-- The record of a name's patches, as a table.
local function record_of(o, name)
  local entry = entry_of(o, name)
  if type(entry) == "table" then return entry end
  local record = entry and { entry, lowest = entry } or {}
  set_entry(o, name, record)
  return record
end

-- Where a serial is in a record, or nil.
local function place_of(record, number)
  for i = #record, 1, -1 do
    if record[i] == number then return i end
  end
end

local function take_out(record, at)
  for i = at, #record do record[i] = record[i + 1] end
end

local function lowest_of(entry)
  return type(entry) == "table" and entry.lowest or entry
end

local function forget(o, name)
  set_entry(o, name, nil)
  set_own(o, name, nil)
  core.object_unpatch(o, name)
end

-- The link whose function a raw field of the object holds; nil when it is a function of the user's.
local function link_of(o, name, raw)
  local link = type(raw) == "function" and getfenv(raw)
  if link and rawget(link, LINK) and link.object == o and link.name == name then return link end
end

-- The uppermost patch of a name, or nil. What was put there by rawset is an override.
function chain.top(o, name)
  local raw, entry = rawget(o, name), entry_of(o, name)
  if raw == nil then
    if entry then forget(o, name) end
    return nil
  end
  local link = link_of(o, name, raw)
  if link then return link end
  local lowest = lowest_of(entry)
  if lowest and own_of(o, name) == raw then return links[lowest] or new_link(o, name, "override", raw, nil, lowest) end
  local record, number = record_of(o, name), next_serial()
  if not lowest then record.raw = true end
  set_own(o, name, raw)
  record.lowest, record[#record + 1] = number, number
  return new_link(o, name, "override", raw, nil, number)
end

-- Has the name patches, be it that its method is gone?
function chain.has(o, name)
  return entry_of(o, name) ~= nil
end

-- Is a raw entry of the object's table a patch, or what hides a method, and no field?
function chain.is_patch(o, methods, name, v)
  return type(name) == "string" and (methods[name] ~= nil or type(v) == "function" and chain.has(o, name))
end

-- Sets a raw field that is a patch. It may be the first, and give the table a hash part.
local function set_raw(o, name, call)
  local first = rawget(o, name) == nil
  rawset(o, name, call)
  local shape = first and bodies.shape_of(o)
  if shape then room.give(o, shape) end
end

-- An override that lies on no other patch is the user's function, and a number: an
-- object in thousands may have one, and what is small stays near.
local function push_alone(o, name, fn)
  local number = next_serial()
  set_own(o, name, fn)
  set_entry(o, name, number)
  set_raw(o, name, fn)
  return number
end

-- Puts a patch on top; returns its serial.
function chain.push(o, name, kind, fn)
  open_name(name)              -- from here on, a lone override is put there without a finalizer in between
  local top = chain.top(o, name)
  if not top and kind == "override" then return push_alone(o, name, fn) end
  local record, link = record_of(o, name), new_link(o, name, kind, fn, top, next_serial())
  record[#record + 1] = link.serial
  set_raw(o, name, link.call)
  return link.serial
end

-- The raw field holds what is called now; without a patch it is the class's turn.
local function expose(o, name, link)
  rawset(o, name, link and link.call)
  if not link then forget(o, name) end
end

-- Takes the patch of that serial and function out; false when it is not there.
function chain.remove(o, name, serial_of, fn)
  if entry_of(o, name) == serial_of and rawget(o, name) == fn and own_of(o, name) == fn then
    if links[serial_of] then links[serial_of].gone = true end
    expose(o, name, nil)
    return true
  end
  local link, above = chain.top(o, name), nil
  local record = entry_of(o, name) and record_of(o, name)
  local at = record and place_of(record, serial_of)
  if not at then return false end
  take_out(record, at)
  while link and link.serial ~= serial_of do above, link = link, link.below end
  if not link or link.fn ~= fn then return true end       -- it was covered
  link.gone = true
  if above then above.below = link.below else expose(o, name, link.below) end
  return true
end

-- Takes all patches of a name away, or all but the lowest; returns how many.
function chain.clear(o, name, but_lowest)
  local link = chain.top(o, name)
  if not link then return 0 end
  local record = record_of(o, name)
  while link and (link.below or not but_lowest) do
    link.gone, link = true, link.below
  end
  local stays = link and place_of(record, link.serial) and link.serial
  local count = #record - (stays and 1 or 0)
  for i = #record, 1, -1 do record[i] = nil end
  if stays then record[1] = stays end
  expose(o, name, link)
  return count
end

-- Has the object had patches?
function chain.any(o)
  return patched[o] ~= nil
end

-- Patches end with their method; what the user had put there raw stays.
function chain.lapse(o, methods)
  if not patched[o] then return end
  local gone = {}
  for i = 1, #names do
    local name = names[i]
    local of = records[name]
    if of and of[o] and methods[name] == nil then gone[#gone + 1] = name end
  end
  for _, name in ipairs(gone) do
    local entry = entry_of(o, name)
    chain.clear(o, name, type(entry) == "table" and entry.raw)
    set_entry(o, name, nil)
    set_own(o, name, nil)
  end
end

return chain
