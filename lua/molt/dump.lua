-- molt.dump: objects as plain tables, which any serialiser can write.
--
--   { molt = 1, root = 1,
--     shapes  = { { class = "Car", attached = { { trait = "Heat", impl = …, names = … } },
--                   types = { fuel = "double", pos = "float[3]" }, private = { ["Heat.core"] = "double" } } },
--     objects = { { shape = 1, fields = { fuel = 40, friend = { object = 2 } } }, … },
--     tables  = { { { key, value }, … } } }
--
-- A value is a number, a text or a boolean; or a table with one entry that says
-- what it stands for: object, table, trait, class (a place, or a name), int64,
-- uint64 (digits), elements (of an array or struct). An object has `private`, by
-- "Heat.core", beside its fields where a trait of it has private ones.

local core = require "molt.core"
local layout = require "molt.layout"
local value = require "molt.value"
local wide = require "molt.wide"
local bodies = require "molt.bodies"
local chain = require "molt.chain"
local check = require "molt.check"
local handle = require "molt.handle"
local sentinel = require "molt.sentinel"
local object = require "molt.object"

jit.off(true, true)           -- docs/decisions/0005-cold-modules-are-interpreted.md

local dump = {}

local function place_of(out, list, o)
  local place = out.places[o]
  if not place then
    place = #list + 1
    out.places[o], list[place] = place, false
    out.waiting[#out.waiting + 1] = o
  end
  return place
end

local encode

local function encode_table(out, v, where)
  local record = handle.record(v)
  if record and (record.kind == "trait" or record.kind == "class") then return { [record.kind] = record.name } end
  if bodies.of(v) then return { object = place_of(out, out.objects, v) } end
  local kind = check.kind(v)
  if record or kind ~= "table" then
    check.raise("type", ("cannot dump %s, which is %s"):format(where, record and "an " .. record.kind or "a " .. kind))
  end
  if debug.getmetatable(v) then check.raise("type", ("cannot dump %s, a table with a metatable"):format(where)) end
  return { table = place_of(out, out.tables, v) }
end

function encode(out, v, where)
  local kind = type(v)
  if kind == "number" or kind == "string" or kind == "boolean" then return v end
  if kind == "table" then return encode_table(out, v, where) end
  local digits, form = value.digits(v)
  if digits then return { [form] = digits } end
  check.raise("type", ("cannot dump %s, which is a %s"):format(where, check.kind(v)),
    "clear it first, or keep what is no data out of the object")
end

local function shape_place(out, shape)
  local place = out.shape_places[shape]
  if place then return place end
  local entry = { class = shape.class.name, types = {}, attached = {} }
  for _, part in ipairs(shape.info.parts) do
    local trait = layout.trait(part.trait)
    for _, field in ipairs(trait.fields) do
      if field.private then
        entry.private = entry.private or {}
        entry.private[wide.key(trait, field)] = field.kind
      else
        entry.types[field.name] = field.kind
      end
    end
  end
  for i, attached in ipairs(shape.info.attached) do
    entry.attached[i] = { trait = layout.trait(attached.trait).name,
      impl = attached.impl and core.impl_info(attached.impl).name,
      names = attached.names and core.selection_pairs(attached.names) }
  end
  place = #out.shapes + 1
  out.shapes[place], out.shape_places[shape] = entry, place
  return place
end

-- The value of a typed field, private or not.
local function encode_field(out, o, info, field, where)
  local v = core.field_value(o, info.handle, field.index)
  if field.wide ~= "array" and field.wide ~= "struct" then return v ~= nil and encode(out, v, where) or v end
  local elements, iterate = {}, next
  for k, x in iterate, v do elements[k] = encode(out, x, where) end
  return { elements = elements }
end

local function dump_typed(out, o, shape, fields, name)
  local private
  for _, part in ipairs(shape.info.parts) do
    local info = layout.trait(part.trait)
    for _, field in ipairs(info.fields) do
      if field.kind ~= "any" then
        local v = encode_field(out, o, info, field, ("field '%s' of %s"):format(field.name, name))
        if field.private then
          private = private or {}
          private[wide.key(info, field)] = v
        else
          fields[field.name] = v
        end
      end
    end
  end
  return private
end

local function dump_object(out, o)
  local shape, fields, iterate = bodies.of(o), {}, next
  local name = object.name(o)
  local private = dump_typed(out, o, shape, fields, name)
  for k, v in iterate, o do
    local ours = k == 0 or k == object.PATCHES or k == sentinel.KEY or k == wide.KEPT
    if not ours and not chain.is_patch(o, shape.methods, k, v) then
      if type(k) ~= "string" then
        check.raise("type", ("cannot dump %s: it has a field under the %s %s"):format(name, type(k), tostring(k)))
      end
      fields[k] = encode(out, v, ("field '%s' of %s"):format(k, name))
    end
  end
  return { shape = shape_place(out, shape), fields = fields, private = private }
end

local function dump_table(out, t)
  local list, iterate = {}, next
  for k, v in iterate, t do
    list[#list + 1] = { encode(out, k, "a key of a table"), encode(out, v, ("'%s' of a table"):format(tostring(k))) }
  end
  return list
end

-- molt.dump(obj): it and all objects that its Lua-valued fields lead to
function dump.dump(o)
  local _
  _, o = object.expect(1, "dump", o)
  local out = { objects = {}, tables = {}, shapes = {}, places = {}, shape_places = {}, waiting = {} }
  place_of(out, out.objects, o)
  local at = 0
  while at < #out.waiting do
    at = at + 1
    local next_one = out.waiting[at]
    if bodies.of(next_one) then
      out.objects[out.places[next_one]] = dump_object(out, next_one)
    else
      out.tables[out.places[next_one]] = dump_table(out, next_one)
    end
  end
  return { molt = 1, root = 1, shapes = out.shapes, objects = out.objects, tables = out.tables }
end

return dump
