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
local wrap = require "molt.wrap"

local chain = {}

local rawget, rawset, getfenv, setfenv = rawget, rawset, debug.getfenv, debug.setfenv

local LINK = {}                                      -- in a link, so that it is known as one
-- object -> name -> { lowest = serial, raw = true, [serial] = true, … }
local records = setmetatable({}, { __mode = "k" })
local links = setmetatable({}, { __mode = "v" })     -- serial -> link
local serial = 0

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

local function new_link(o, name, kind, fn, below)
  serial = serial + 1
  local own = serial           -- a finalizer may take the next ones wherever this allocates
  local link = { [LINK] = true, object = o, name = name, kind = kind, fn = fn, below = below, serial = own }
  if kind == "override" and not below then
    link.call = fn
  else
    link.call = setfenv(wrap[kind](fn, following(link)), link)
  end
  links[own] = link
  return link
end

-- What is known of the patches of a name: the serials of those not removed, and which
-- of them is the lowest override, whose function is the user's own, and whether the
-- user put it there by rawset. No references.
local function record_of(o, name)
  local names = records[o] or {}
  records[o] = names
  names[name] = names[name] or {}
  return names[name]
end

-- The link whose function a raw field of the object holds; nil when it is a function of the user's.
local function link_of(o, name, raw)
  local link = type(raw) == "function" and getfenv(raw)
  if link and rawget(link, LINK) and link.object == o and link.name == name then return link end
end

-- The uppermost patch of a name, or nil. What was put there by rawset is an override.
function chain.top(o, name)
  local raw, names = rawget(o, name), records[o]
  local record = names and names[name]
  if raw == nil then
    if record then
      names[name] = nil
      core.object_unpatch(o, name)
    end
    return nil
  end
  local link = link_of(o, name, raw)
  if link then return link end
  link = record and links[record.lowest]
  if link and link.fn == raw then return link end
  record = record or record_of(o, name)
  local known = not link and record.lowest
  if not record.lowest then record.raw = true end
  link = new_link(o, name, "override", raw)
  if known then
    links[link.serial], link.serial = nil, known
    links[known] = link
  end
  record.lowest, record[link.serial] = link.serial, true
  return link
end

-- Has the name patches, be it that its method is gone?
function chain.has(o, name)
  return records[o] ~= nil and records[o][name] ~= nil
end

-- Sets a raw field that is a patch, beside empty places for the names of the typed
-- fields: LuaJIT then finds their absence where it expects it. Allocates nothing
-- that could run a finalizer while the places are filled.
local function set_beside_fields(o, name, call)
  local shape = bodies.of(o)
  local fields = shape and rawget(o, name) == nil and shape.fields or {}
  local count = #fields <= 12 and #fields or 0
  for i = 1, count do
    if rawget(o, fields[i].name) ~= nil then count = 0 end
  end
  for i = 1, count do rawset(o, fields[i].name, false) end
  rawset(o, name, call)
  for i = 1, count do rawset(o, fields[i].name, nil) end
end

-- Puts a patch on top; returns its link.
function chain.push(o, name, kind, fn)
  local link = new_link(o, name, kind, fn, chain.top(o, name))
  local record = record_of(o, name)
  record[link.serial] = true
  if link.call == fn then record.lowest = link.serial end
  set_beside_fields(o, name, link.call)
  return link
end

-- The raw field holds what is called now; without a patch it is the class's turn.
local function expose(o, name, link)
  rawset(o, name, link and link.call)
  if link then return end
  records[o][name] = nil
  core.object_unpatch(o, name)
end

-- Takes the patch of that serial and function out; false when it is not there.
function chain.remove(o, name, serial_of, fn)
  local link, above = chain.top(o, name), nil
  local record = records[o] and records[o][name]
  if not record or not record[serial_of] then return false end
  record[serial_of] = nil
  while link and link.serial ~= serial_of do above, link = link, link.below end
  if not link or link.fn ~= fn then return true end       -- it was covered
  link.gone = true
  if above then above.below = link.below else expose(o, name, link.below) end
  return true
end

-- Takes all patches of a name away, or all but the lowest; returns how many.
function chain.clear(o, name, but_lowest)
  local count, link, iterate = 0, chain.top(o, name), next
  if not link then return 0 end
  local record = records[o][name]
  while link and (link.below or not but_lowest) do
    link.gone, link = true, link.below
  end
  for key in iterate, record do
    if type(key) == "number" and not (link and link.serial == key) then
      count, record[key] = count + 1, nil
    end
  end
  expose(o, name, link)
  return count
end

-- Has the object had patches?
function chain.any(o)
  return records[o] ~= nil
end

-- Patches end with their method; what the user had put there raw stays.
function chain.lapse(o, methods)
  local names, iterate, gone = records[o], next, nil
  if not names then return end
  for name in iterate, names do
    if methods[name] == nil then
      gone = gone or {}
      gone[#gone + 1] = name
    end
  end
  for _, name in ipairs(gone or {}) do
    chain.clear(o, name, names[name].raw)
    names[name] = nil
  end
end

return chain
