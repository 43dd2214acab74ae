-- molt.accessor: the __index and __newindex of a shape, as generated Lua.
--
-- For a class with a field `double fuel` and an attached trait with `float heat`:
--
--   local function index(o, k)
--     if k == "fuel" then
--       local s, e = o[0], state.epoch
--       if type(s) == "number" then
--         s = tobit(s)
--         if objects[s] == o then
--           if getmeta(o).__index ~= index then return o[k] end
--           local b = bodies[s]
--           if objects[s] ~= o or state.epoch ~= e then return o[k] end return b.fuel
--         end
--       end
--       return misuse(o, k)
--     end
--     if k == "heat" then … b.molt_attached[1] … end         -- see steps_to
--     return methods[k]
--   end
--
-- The key is a constant where the code is compiled, so the comparisons vanish.
-- What is left is the check that the slot is this table's own: [0] is an ordinary
-- key, and another object's body must never be followed. LuaJIT does it once for all
-- fields between two stores into tables (docs/decisions/0001-own-body-check.md).
--
-- The object may be of another shape since this function was found in its metatable.
-- Making the cdata `b` may run the collector, and a finalizer, in the interpreter; in
-- compiled code each exit may. So right before a pointer is followed, on the same line,
-- lest a line hook come between, state.epoch says whether anything has changed since.
-- All of this costs the interpreter; compiled code has looked for __index already, and
-- compares nothing with itself.
--
-- Each shape gets a prototype of its own: LuaJIT specialises a call to the
-- closure only while a prototype has few closures.

local bit = require "bit"
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
local methods, meta, objects, bodies, state, blocks, typed, misuse, refuse, assign, fallback,
  cast, tobit, wide, rawset, type, getmeta, read, write, watching, watched, learn = ...
]]

-- Statements around `use`, which has the object's own body in `b`. `changed` is the test
-- that the shape is another, `again` starts over.
local function own_body(use, changed, again)
  return ([[
    local s, e = o[0], state.epoch
    if type(s) == "number" then
      s = tobit(s)
      if objects[s] == o then
        if %s then %s end
        local b = bodies[s]
        if objects[s] ~= o or state.epoch ~= e then %s end %s
      end
    end
]]):format(changed, again, again, use)
end

-- Statements around `access`, which reads or writes one field. That of an attached trait
-- takes more steps, between any two of which the trait may be detached.
local function steps_to(field, access, changed, again)
  if not field.block then return own_body(access:format("b." .. field.name), changed, again) end
  return own_body(([[
local list = b.molt_attached
        if state.epoch ~= e then %s end local block = list[%d]
        block = cast(blocks[%d], block)
        if state.epoch ~= e then %s end %s
]]):format(again, field.block, field.block, again, access:format("block." .. field.name)), changed, again)
end

local function read_branch(field, changed)
  if field.wide then return ("if k == %q then return read[%q](o) end\n"):format(field.name, field.name) end
  return ("if k == %q then\n%s return misuse(o, k)\nend\n")
    :format(field.name, steps_to(field, "return %s", changed, "return o[k]"))
end

local function write_branch(field, changed)
  local watch = field.required
    and ("if k == %q and watching.n ~= 0 and watching[o] then return watched(o, k, v) end\n"):format(field.name) or ""
  if field.wide then return watch .. ("if k == %q then return write[%q](o, v) end\n"):format(field.name, field.name) end
  return watch .. ("if k == %q then\n if %s then\n%s return misuse(o, k)\n end\n return refuse(%q, v, k, o)\nend\n")
    :format(field.name, value.condition(field.kind, "v"), steps_to(field, "%s = v return", changed, "o[k] = v return"),
      field.kind)
end

local function branches(fields, make, changed)
  local text = {}
  for i, field in ipairs(fields) do text[i] = make(field, changed) end
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

-- `strict`: unknown names go through the hooks, both ways. `inner`: another function
-- stands for `index` in the metatable.
local function source(fields, strict, inner)
  local changed = inner and "getmeta(o) ~= meta" or "getmeta(o).__index ~= index"
  return table.concat {
    header,
    "local function index(o, k)\n", branches(fields, read_branch, changed),
    strict and "  local m = methods[k]\n  if m ~= nil then return m end\n  return fallback(o, k)\nend\n"
      or "  return methods[k]\nend\n",
    "local function newindex(o, k, v)\n", branches(fields, write_branch, "getmeta(o).__newindex ~= newindex"),
    "  if k == 0 then return misuse(o, k) end\n",
    strict and "  return assign(o, k, v)\nend\n"
      or "  if methods[k] ~= nil or k == nil or k ~= k then return assign(o, k, v) end\n"
        .. "  rawset(o, k, v)\n  learn(o, k)\nend\n",
    "return index, newindex\n",
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
-- fields), and, where the class is strict, fallback(o, k) for unknown ones. `inner`: the
-- metatable's __index is to be a function around this one.
function accessor.make(shape, hooks, inner)
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
  local text = source(fields, hooks.fallback ~= nil, inner)
  return load_source(text)(shape.methods, shape.meta, border.objects, shape.body.bodies, border.state, blocks, typed,
    hooks.misuse, hooks.refuse, hooks.assign, hooks.fallback, ffi.cast, bit.tobit, value.wide, rawset,
    type, debug.getmetatable, read, write, layout.watching, layout.watched, hooks.learn)
end

return accessor
