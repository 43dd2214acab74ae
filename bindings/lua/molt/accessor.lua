-- molt.accessor: the __index and __newindex of a shape, as generated Lua.
--
-- For a class with a field `double fuel` and an attached trait with `float heat`:
--
--   function(o, k)
--     if k == "fuel" then
--       local b = o[0]
--       if istype(Body, b) and objects[b.molt_slot] == o then return b.fuel end
--       return misuse(o, k)
--     end
--     if k == "heat" then … return cast(Block1, b.molt_object.extension.block[0]).heat … end
--     return methods[k]
--   end
--
-- The key is a constant where the code is compiled, so the comparisons vanish.
-- What is left is the check that the body is this table's own: [0] is an ordinary
-- key, and a copied or stale body must never be followed. It costs 0.5 ns a
-- call, since LuaJIT does it once for all fields between two stores into tables
-- (docs/decisions/0001-own-body-check.md).
--
-- Each shape gets a prototype of its own: LuaJIT specialises a call to the
-- closure only while a prototype has few closures.

local ffi = require "ffi"
local value = require "molt.value"
local layout = require "molt.layout"
local border = require "molt.border"

local accessor = {}

-- More names than this are looked up in a table first: a chain of comparisons
-- costs the interpreter about a nanosecond a name.
local chain = 8

local header = [[
local methods, objects, Body, blocks, typed, misuse, refuse, assign, fallback, cast, istype, wide, rawset, type = ...
]]

local own = "istype(Body, b) and objects[b.molt_slot] == o"

-- Where a field is, as Lua text over `b`.
local function place(field)
  if not field.block then return "b." .. field.name end
  return ("cast(blocks[%d], b.molt_object.extension.block[%d]).%s"):format(field.block, field.block, field.name)
end

local function read_branch(field)
  return ([[
    if k == %q then
      local b = o[0]
      if %s then return %s end
      return misuse(o, k)
    end
]]):format(field.name, own, place(field))
end

local function write_branch(field)
  return ([[
    if k == %q then
      if %s then
        local b = o[0]
        if %s then %s = v return end
        return misuse(o, k)
      end
      return refuse(%q, v, k, o)
    end
]]):format(field.name, value.condition(field.kind, "v"), own, place(field), field.kind)
end

local function branches(fields, make)
  local text = {}
  for i, field in ipairs(fields) do text[i] = make(field) end
  text = table.concat(text)
  if #fields <= chain then return text end
  return "  if typed[k] then\n" .. text .. "  end\n"
end

-- All typed fields of a shape, those of attached traits with their block.
function accessor.fields(shape)
  local fields = {}
  for _, part in ipairs(shape.info.parts) do
    local trait = layout.trait(part.trait)
    for _, field in ipairs(trait.typed) do
      fields[#fields + 1] = {
        name = field.name, kind = field.kind, trait = trait.name,
        block = part.offset == 0 and part.block or nil,
      }
    end
  end
  return fields
end

-- `strict`: unknown names go through the hooks, both ways.
local function source(fields, strict)
  return table.concat {
    header,
    "return function(o, k)\n", branches(fields, read_branch),
    strict and "  local m = methods[k]\n  if m ~= nil then return m end\n  return fallback(o, k)\nend,\n"
      or "  return methods[k]\nend,\n",
    "function(o, k, v)\n", branches(fields, write_branch),
    "  if k == 0 then return misuse(o, k) end\n",
    strict and "  return assign(o, k, v)\nend\n"
      or "  if methods[k] ~= nil then return assign(o, k, v) end\n  rawset(o, k, v)\nend\n",
  }
end

local compiled = {}      -- source -> bytecode: parsing costs ten times loading

local function load_source(text)
  local code = compiled[text]
  if not code then
    code = string.dump(assert(loadstring(text, "=molt")))
    compiled[text] = code
  end
  return assert(loadstring(code, "=molt"))
end

-- index, newindex for a shape. `hooks` has misuse(o, k), refuse(kind, v, k, o),
-- assign(o, k, v) for names that are methods (strict: for all that are not typed
-- fields), and, where the class is strict, fallback(o, k) for unknown ones.
function accessor.make(shape, hooks)
  local fields, blocks, typed = shape.fields, {}, {}
  for _, part in ipairs(shape.info.parts) do
    if part.offset == 0 then blocks[part.block] = layout.block_type(layout.trait(part.trait)) end
  end
  for _, field in ipairs(fields) do typed[field.name] = true end
  local text = source(fields, hooks.fallback ~= nil)
  return load_source(text)(shape.methods, border.objects, shape.body.pointer, blocks, typed, hooks.misuse,
    hooks.refuse, hooks.assign, hooks.fallback, ffi.cast, ffi.istype, value.wide, rawset, type)
end

return accessor
