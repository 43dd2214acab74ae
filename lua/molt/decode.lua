-- molt.decode: what the parts of a dump stand for, or why they stand for nothing here.

local core = require "molt.core"
local value = require "molt.value"
local check = require "molt.check"
local class = require "molt.class"
local trait = require "molt.trait"

jit.off(true, true)           -- docs/decisions/0005-cold-modules-are-interpreted.md

local decode = {}

local function refuse(where, text, hint)
  check.raise("argument", ("cannot build: %s %s"):format(where, text), hint)
end

local function expect(v, kind, where)
  if type(v) ~= kind then
    refuse(where, ("is %s, expected a %s"):format(v == nil and "missing" or "a " .. type(v), kind))
  end
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

-- What a value of the dump stands for; `plan` has the objects and tables that were
-- made: none, and then false, while the dump is only looked at.
function decode.value(plan, v, where)
  local kind = type(v)
  if kind == "number" or kind == "string" or kind == "boolean" then return v end
  if kind ~= "table" then refuse(where, ("is a %s"):format(kind)) end
  local what, rest = next(v)
  if what == nil or next(v, what) ~= nil then refuse(where, "is a table that does not say what it stands for") end
  if what == "object" then return plan.objects[place_in(plan.dump.objects, rest, where)] or false end
  if what == "table" then return plan.tables[place_in(plan.dump.tables, rest, where)] or false end
  if what == "elements" then
    local elements, iterate = {}, next
    for k, x in iterate, expect(rest, "table", where) do
      elements[k] = decode.value(plan, x, ("%s.elements[%s]"):format(where, tostring(k)))
    end
    return elements
  end
  if what == "int64" or what == "uint64" then return whole(rest, what, where) end
  if what == "trait" then return trait.proxy(named("trait", rest, where)) end
  if what == "class" then return class.proxy(named("class", rest, where)) end
  refuse(where, ("stands for '%s'"):format(tostring(what)), check.near(tostring(what), { "object", "table", "trait",
    "class", "int64", "uint64", "elements" }))
end

decode.refuse, decode.expect, decode.place_in, decode.named = refuse, expect, place_in, named

return decode
