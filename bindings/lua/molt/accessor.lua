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
--     if k == "heat" then … b.molt_blocks[0] … end           -- see attached_steps
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
local jit = require "jit"
local core = require "molt.core"
local value = require "molt.value"
local layout = require "molt.layout"
local border = require "molt.border"

local accessor = {}

-- More names than this are looked up in a table first: a chain of comparisons
-- costs the interpreter about a nanosecond a name.
local chain = 8

local header = [[
local methods, meta, objects, Body, state, blocks, typed, misuse, refuse, assign, fallback,
  cast, istype, wide, rawset, type, getmeta, read, write, watching, watched, learn = ...
]]

local own = "istype(Body, b) and objects[b.molt_slot] == o"

-- Statements around `access`, which reads or writes one field. The field of an
-- attached trait takes several steps, and between any two of them the collector
-- may run a finalizer that detaches the trait: in the interpreter at each new
-- cdata, in compiled code at each exit. So right before a pointer is followed,
-- with nothing in between that could exit, state.epoch says whether anything has
-- changed since; if so, `again` starts over. It is read first: the object may have
-- changed its shape between the look at its metatable and this function. Compiled code loads the epoch once
-- and compares nothing.
local function steps_to(field, access, again)
  if not field.block then
    return ("local b = o[0]\n if %s then %s end\n"):format(own, access:format("b." .. field.name))
  end
  return ([[
    local b, Block, e = o[0], blocks[%d], state.epoch
    if %s then
      if getmeta(o) ~= meta then %s end
      local list = b.molt_attached
      if state.epoch ~= e then %s end local block = list[%d]
      block = cast(Block, block)
      if state.epoch ~= e then %s end %s
    end
]]):format(field.block, own, again, again, field.block, again, access:format("block." .. field.name))
end

local function read_branch(field)
  if field.wide then return ("if k == %q then return read[%q](o) end\n"):format(field.name, field.name) end
  return ("if k == %q then\n%s return misuse(o, k)\nend\n")
    :format(field.name, steps_to(field, "return %s", "return o[k]"))
end

local function write_branch(field)
  local watch = field.required
    and ("if k == %q and watching.n ~= 0 and watching[o] then return watched(o, k, v) end\n"):format(field.name) or ""
  if field.wide then return watch .. ("if k == %q then return write[%q](o, v) end\n"):format(field.name, field.name) end
  return watch .. ("if k == %q then\n if %s then\n%s return misuse(o, k)\n end\n return refuse(%q, v, k, o)\nend\n")
    :format(field.name, value.condition(field.kind, "v"), steps_to(field, "%s = v return", "o[k] = v return"),
      field.kind)
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
    for _, list in ipairs { trait.typed, trait.wide } do
      for _, field in ipairs(list) do
        if not field.private then
          fields[#fields + 1] = {
            name = field.name, kind = field.kind, trait = trait.name, wide = field.wide and field or nil, of = trait,
            required = field.required, block = part.offset == 0 and part.block or nil,
          }
        end
      end
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
      or "  if methods[k] ~= nil or k == nil or k ~= k then return assign(o, k, v) end\n"
        .. "  rawset(o, k, v)\n  learn(o, k)\nend\n",
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

-- The interpreter is better off with C for typed fields (accessor.c), which compiled
-- code would have to leave for; methods it finds faster in Lua.
local function interpreted(shape, hooks)
  local read, write = core.accessors(shape.id, shape.methods, hooks.misuse, hooks.fallback, hooks.refuse, hooks.assign)
  local index = load_source "local methods, read = ... return function(o, k) return methods[k] or read(o, k) end"
  return index(shape.methods, read), write
end

-- Fields that are more than scalars are Lua's to read and write.
local function has_more(fields)
  for _, field in ipairs(fields) do
    if field.wide or field.required then return true end
  end
end

-- index, newindex for a shape. `hooks` has misuse(o, k), refuse(kind, v, k, o),
-- assign(o, k, v) for names that are methods (strict: for all that are not typed
-- fields), and, where the class is strict, fallback(o, k) for unknown ones.
function accessor.make(shape, hooks)
  if not jit.status() and not has_more(shape.fields) then return interpreted(shape, hooks) end
  local fields, blocks, typed = shape.fields, {}, {}
  for _, part in ipairs(shape.info.parts) do
    if part.offset == 0 then blocks[part.block] = layout.block_type(layout.trait(part.trait)) end
  end
  local read, write = {}, {}
  for _, field in ipairs(fields) do
    typed[field.name] = true
    if field.wide then read[field.name], write[field.name] = layout.wide_access(field.of, field.wide) end
  end
  local text = source(fields, hooks.fallback ~= nil)
  return load_source(text)(shape.methods, shape.meta, border.objects, shape.body.pointer, border.state, blocks, typed,
    hooks.misuse, hooks.refuse, hooks.assign, hooks.fallback, ffi.cast, ffi.istype, value.wide, rawset, type,
    debug.getmetatable, read, write, layout.watching, layout.watched, hooks.learn)
end

return accessor
