-- molt.metamethods: operators of objects, from methods whose names Lua knows.
--
-- `__add` is resolved as any other name of a shape; here what wins is put into the
-- shape's metatable, and taken from it when nothing wins any more. Shapes without
-- metamethods have none.

local shapes_key                     -- shapes.KEY, set by molt.shapes

local accessor = require "molt.accessor"
local layout = require "molt.layout"

local metamethods = {}

local getmetatable, rawget = debug.getmetatable, rawget

-- Name -> true. Every other name is a plain method, also one that Lua knows: LuaJIT
-- does not ask tables for __len and __pairs, and __newindex, __gc, __mode and
-- __metatable of objects are molt's.
metamethods.honoured = {
  __tostring = true, __call = true, __concat = true, __index = true,
  __eq = true, __lt = true, __le = true,
  __add = true, __sub = true, __mul = true, __div = true, __mod = true, __pow = true, __unm = true,
}

-- Lua compares two objects by __eq, __lt or __le only if both metatables have the
-- very same function: this one, which asks the left operand.
local function comparison(name)
  return function(a, b)
    return rawget(getmetatable(a), shapes_key).methods[name](a, b)
  end
end

local shared = { __eq = comparison "__eq", __lt = comparison "__lt", __le = comparison "__le" }

local function declared_any(shape)
  local names = {}
  for _, part in ipairs(shape.info.parts) do
    for _, field in ipairs(layout.trait(part.trait).any) do names[field.name] = true end
  end
  return names
end

-- A shape's __index with a fallback: for names that are neither methods nor fields.
local function with_fallback(shape, fallback, hooks)
  local known, strict = declared_any(shape), hooks.fallback
  local plain = accessor.make(shape, { misuse = hooks.misuse, refuse = hooks.refuse, assign = hooks.assign }, true)
  return function(o, k)
    local v = plain(o, k)
    if v ~= nil or known[k] then return v end
    v = fallback(o, k)
    if v == nil and strict then return strict(o, k) end
    return v
  end
end

-- What __index is in a shape's metatable; `plain` where no method has that name.
function metamethods.index(shape, plain, hooks)
  local fn = shape.methods.__index
  return fn and with_fallback(shape, fn, hooks) or plain
end

-- `name` has been resolved anew for a shape. `own` is what its metatable has
-- without metamethods: { __index, __tostring, hooks }.
function metamethods.follow(shape, name, own)
  local fn = shape.methods[name]
  local entry = fn and (shared[name] or fn)
  if name == "__index" then entry = metamethods.index(shape, own.__index, own.hooks) end
  if entry == nil then entry = own[name] end
  shape.meta[name] = entry
end

function metamethods.open(key)
  shapes_key = key
end

return metamethods
