-- molt.thunk: calls from Lua to leaf native methods, as generated Lua.
--
-- A leaf function never reaches Lua, so it is called through FFI, at the price of
-- a C call. Everything that could go wrong is settled before the in-flight mark
-- is set: whose body it is, whether the slot still holds a leaf function, the
-- arguments. Whatever does not fit is handed to the general caller (classic.c),
-- which does everything and explains what is wrong.
--
--   function(self, a1)
--     local e = state.epoch
--     local s = type(self) == "table" and self[0]
--     if type(s) == "number" and objects[tobit(s)] == self and getmeta(self) == meta then
--       local b = bodies[tobit(s)]
--       if state.epoch == e and objects[tobit(s)] == self then
--         local vt, block = b.molt_vtable_2, cast(Bytes, b) + 64
--         if state.epoch == e then
--           local f = vt[-8]                       -- leaf entry of the slot
--           if f ~= nil and type(a1) == "number" then
--             f = cast(F, f)
--             if state.epoch == e then
--               state.leaf = 7 local r = f(block, a1) state.leaf = 0
--               if state.pending ~= 0 then drain() end
--               return r
--             end
--           end
--         end
--       end
--     end
--     return caller(self, a1)
--   end

local bit = require "bit"
local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local value = require "molt.value"

local thunk = {}

local words = ffi.sizeof("molt_vtable") / ffi.sizeof("void *")

local function names(count)
  local list = {}
  for i = 1, count do list[i] = "a" .. i end
  return table.concat(list, ", ")
end

local function conditions(method)
  local list = { "f ~= nil" }
  for i, kind in ipairs(method.parameters) do list[#list + 1] = "(" .. value.condition(kind, "a" .. i) .. ")" end
  return table.concat(list, " and ")
end

-- `open` is Lua text that leaves the vtable in `vt` and the block in `block`,
-- `close` ends the blocks it opened. In the interpreter each step may run the
-- collector and a finalizer, so state.epoch is compared before a pointer is
-- followed, and once more right before the call (see molt.accessor).
local function source(method, open, close)
  local arguments = names(#method.parameters)
  local more = arguments == "" and "" or ", " .. arguments
  local call = ("f(block%s)"):format(more)
  local void = method.result == "void"
  return table.concat {
    "local objects, bodies, state, caller, drain, F, Bytes, Handle, View,\n",
    "  getmeta, meta, cast, tobit, wide, type = ...\n",
    "return function(self", more, ")\n",
    "local e = state.epoch\n",
    open,
    "if vt and state.epoch == e then\n",
    ("local f = vt[%d]\n"):format(-(words + 1 + method.slot)),
    "if ", conditions(method), " then\n",
    "f = cast(F, f)\n",
    "if state.epoch == e then\n",
    -- One line, so that no line hook comes between.
    ("state.leaf = %d "):format(method.number), void and call or ("local r = " .. call), " state.leaf = 0\n",
    "if state.pending ~= 0 then drain() end\n",
    void and "return" or "return r", "\nend end end\n",
    close,
    "return caller(self", more, ")\nend\n",
  }
end

-- By object: `part` of a shape's info, the index-th of its parts.
local function object_source(method, part, index)
  local open = { 'local s = type(self) == "table" and self[0]\n',
    'if type(s) == "number" and objects[tobit(s)] == self and getmeta(self) == meta then local b = bodies[tobit(s)]\n',
    "if state.epoch == e and objects[tobit(s)] == self then " }
  if part.offset > 0 then
    open[#open + 1] = ("local vt, block = b.molt_vtable_%d, cast(Bytes, b) + %d\n"):format(index, part.offset)
  else
    open[#open + 1] = ([[
      local list, block, vt = b.molt_attached
      if state.epoch == e then block = list[%d] end
      if state.epoch == e then block = cast(Handle, block) end
      if state.epoch == e then vt = block.vtable end
]]):format(part.block)
  end
  return source(method, table.concat(open), "end end\n")
end

local function view_source(method)
  return source(method, "if getmeta(self) == meta then local block, vt = cast(View, self).block\n"
    .. "if block ~= nil then if state.epoch == e then vt = block.vtable end\n", "end end\n")
end

local function make(text, method, caller, bodies, meta)
  return assert(loadstring(text, "=molt"))(border.objects, bodies, border.state, caller, core.drain,
    layout.function_type(method), ffi.typeof("char *"), ffi.typeof("molt_block *"), ffi.typeof("molt_view *"),
    debug.getmetatable, meta, ffi.cast, bit.tobit, value.wide, type)
end

-- A 64 bit result is a new cdata, whose making may run the collector before the
-- mark is taken back: such a function is called the classic way.
local function fits(method)
  return method.result ~= "int64_t" and method.result ~= "uint64_t"
end

-- The function by which Lua calls a leaf method on objects of a shape.
function thunk.object(shape, trait, method)
  if not fits(method) then return method.caller end
  for index, part in ipairs(shape.info.parts) do
    if part.trait == trait.handle then
      return make(object_source(method, part, index), method, method.caller, shape.body.bodies, shape.meta)
    end
  end
end

-- The function by which Lua calls a typed method on views of a trait: `other` is
-- for what is no leaf call.
function thunk.view(method, meta, other)
  if not fits(method) then return other end
  return make(view_source(method), method, other, nil, meta)
end

return thunk
