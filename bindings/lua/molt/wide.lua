-- molt.wide: fields wider than a scalar: strings, references, arrays, structs.
--
-- A string is read as a copy. A reference is an id in C; the object that refers
-- keeps the one it was given in a list of its own, under a key of its table:
--
--   o[0]        its slot
--   o[KEPT]     { ["Unit.target"] = object, ["Unit.pos"] = proxy, … }
--
-- so cycles are collected like any others. An array or struct is read as a proxy:
-- a userdata that reaches the block through the view of its trait, and so is
-- stale when the view is.

local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local bodies = require "molt.bodies"
local value = require "molt.value"
local view = require "molt.view"
local shapes = require "molt.shapes"

local wide = {}

-- Under this key of its table an object keeps its references and proxies.
wide.KEPT = setmetatable({}, { __tostring = function() return "molt's references" end })

local KEPT = wide.KEPT
local cast, rawget, rawset = ffi.cast, rawget, rawset
local View, Proxy = ffi.typeof("molt_view *"), ffi.typeof("molt_proxy *")
local FIELD = {}             -- in a proxy's metatable: its field

local sizes = { int8_t = 1, uint8_t = 1, bool = 1, int16_t = 2, uint16_t = 2, int32_t = 4, uint32_t = 4,
  int64_t = 8, uint64_t = 8, float = 4, double = 8 }
local pointers = {}          -- kind -> ctype of a pointer to it

local function pointer_to(kind)
  pointers[kind] = pointers[kind] or ffi.typeof(kind .. " *")
  return pointers[kind]
end

local function kept(o)
  local list = rawget(o, KEPT)
  if not list then
    list = {}
    rawset(o, KEPT, list)
  end
  return list
end

local function key_of(trait, field)
  return trait.name .. "." .. field.name
end

-- The field of a proxy; nil for anything else.
local function field_of(x)
  if type(x) ~= "userdata" then return nil end
  local meta = debug.getmetatable(x)
  return meta and rawget(meta, FIELD)
end

-- "array" or "struct" of a proxy; nil for anything else.
function wide.kind(x)
  local field = field_of(x)
  return field and field.wide
end

-- A proxy's elements as a table of their own; anything else is itself.
function wide.plain(x)
  local field = field_of(x)
  if not field then return x end
  local copy = {}
  for _, key in ipairs(field.keys) do copy[key] = x[key] end
  return copy
end

local function what_of(field, key)
  local form = field.count and "element %s of field '%s'" or "member '%s' of field '%s'"
  return form:format(tostring(key), field.name)
end

-- A key that generated code does not know: what is wrong with it.
local function raise_key(p, key)
  local field = field_of(p)
  if not field.count then
    local near = type(key) == "string" and core.nearest(key, field.keys)
    border.raise("unknown", ("field '%s' is a '%s', which has no '%s'"):format(field.name, field.kind, tostring(key)),
      near and ("did you mean '%s'?"):format(near) or nil)
  elseif type(key) == "number" then
    border.raise("range", ("index %s is out of range for field '%s' (1 to %d)"):format(tostring(key), field.name,
      field.count))
  end
  border.raise("type", ("field '%s' is an array, whose indices are numbers, got %s"):format(field.name, type(key)))
end

local function raise_stale(p)
  view.raise_stale(core.proxied(p))
end

-- A value that generated code did not take at once: it is refused, or it fits after all.
local function refuse(kind, v, key, p)
  p[key] = border.check(value.convert(kind, v, what_of(field_of(p), key)))
end

-- Statements around `access` to the memory at `block`, a pointer to the elements'
-- kind from the block's start (see molt.accessor about the epoch).
local steps = [[
local e = state.epoch
local block = cast(View, cast(Proxy, p).view).block
if block ~= nil then
  block = cast(%s, block)
  if state.epoch ~= e then %s end %s
end
return stale(p)
]]

local header = "local View, Proxy, Kinds, state, stale, other, refuse, wide, cast, type = ...\n"
  .. "%sreturn function(p, k%s)\n"

-- The parts of a field: { key test, kind, index in units of its size }.
local function parts_of(field)
  if field.count then
    local test = ("type(k) == 'number' and k >= 1 and k <= %d and k %% 1 == 0"):format(field.count)
    return { { test, field.element, ("k + %d"):format(field.offset / sizes[field.element] - 1) } }
  end
  local parts = {}
  for i, member in ipairs(field.members) do
    parts[i] = { ("k == %q"):format(member.name), member.kind,
      ("%d"):format((field.offset + member.offset) / sizes[member.kind]) }
  end
  return parts
end

local function kind_locals(parts)
  local text, seen = {}, {}
  for _, part in ipairs(parts) do
    if not seen[part[2]] then text[#text + 1] = ("local P_%s = Kinds(%q)\n"):format(part[2], part[2]) end
    seen[part[2]] = true
  end
  return table.concat(text)
end

local function index_source(field)
  local parts = parts_of(field)
  local text = { header:format(kind_locals(parts), "") }
  for _, part in ipairs(parts) do
    text[#text + 1] = ("if %s then\n%s end\n"):format(part[1],
      steps:format("P_" .. part[2], "return p[k]", ("return block[%s]"):format(part[3])))
  end
  text[#text + 1] = "return other(p, k)\nend\n"
  return table.concat(text)
end

local function newindex_source(field)
  local parts = parts_of(field)
  local text = { header:format(kind_locals(parts), ", x") }
  for _, part in ipairs(parts) do
    text[#text + 1] = ("if %s then\nif %s then\n%s end\nreturn refuse(%q, x, k, p)\nend\n"):format(part[1],
      value.condition(part[2], "x"),
      steps:format("P_" .. part[2], "p[k] = x return", ("block[%s] = x return"):format(part[3])), part[2])
  end
  text[#text + 1] = "return other(p, k)\nend\n"
  return table.concat(text)
end

local function compile(source)
  return assert(loadstring(source, "=molt"))(View, Proxy, pointer_to, border.state, raise_stale, raise_key, refuse,
    value.wide, cast, type)
end

local function following(p, i)
  i = i + 1
  if i <= #p then return i, p[i] end
end

local function text_of(p)
  local field, list = field_of(p), {}
  if cast(Proxy, p).view.block == nil then return ("stale %s %s"):format(field.kind, field.name) end
  for i, key in ipairs(field.keys) do
    list[i] = (field.count and "" or key .. " = ") .. tostring(p[key])
  end
  return ("%s {%s}"):format(field.kind, table.concat(list, ", "))
end

local function make_meta(field)
  field.keys = {}
  for i = 1, field.count or #field.members do field.keys[i] = field.count and i or field.members[i].name end
  return {
    __metatable = field.wide,
    __index = compile(index_source(field)),
    __newindex = compile(newindex_source(field)),
    __len = field.count and function() return field.count end or nil,
    __call = field.count and function(p) return following, p, 0 end or nil,   -- for i, x in o.pos() do
    __tostring = text_of,
    [FIELD] = field,
  }
end

-- What is kept may have become stale when the trait was detached and came back.
local function proxy(o, trait, field)
  local key, list = field.key, rawget(o, KEPT)
  local p = list and list[key]
  if p and cast(Proxy, p).view.block ~= nil then return p end
  field.meta = field.meta or make_meta(field)
  local v = view.make(o, trait)
  if v == nil then border.raise("stale", ("field '%s' went with the trait '%s'"):format(field.name, trait.name)) end
  p = core.proxy(field.meta, v)
  kept(o)[key] = p
  return p
end

-- The object behind what is an object or a view.
local function object_of(x)
  if type(x) ~= "userdata" then return x end
  local o = core.object_of(x)
  if o == nil then view.raise_stale(x) end
  return o
end

local function check_body(o, field)
  if not bodies.of(o) then shapes.hooks.misuse(o, field.name) end
end

local function assign(x, trait, field, v)
  local done, err = core.field_set(x, trait.handle, field.index, v)
  if not done then error(err, 0) end
end

local readers = {
  string = function(trait, field)
    return function(x) return (core.field_get(x, trait.handle, field.index)) end
  end,
  array = function(trait, field)
    return function(x)
      local o = object_of(x)
      check_body(o, field)
      return proxy(o, trait, field)
    end
  end,
}
readers.reference, readers.struct = readers.string, readers.array

local writers = {
  string = function(trait, field)
    return function(x, v) assign(x, trait, field, v) end
  end,
  array = function(trait, field)
    return function(x, v) assign(x, trait, field, wide.plain(v)) end
  end,
  reference = function(trait, field)
    return function(x, v)
      assign(x, trait, field, v)
      local o = object_of(x)
      if v ~= nil then
        kept(o)[field.key] = object_of(v)
      elseif rawget(o, KEPT) then
        rawget(o, KEPT)[field.key] = nil
      end
    end
  end,
}
writers.struct = writers.array

-- Functions that read and write the field: (object or view), (object or view, value).
function layout.wide_access(trait, field)
  field.key = key_of(trait, field)
  return readers[field.wide](trait, field), writers[field.wide](trait, field)
end

-- true if the value fits the field, which is any but a Lua-valued one; or nil and
-- an error that says why not.
function wide.fits(trait, field, v, what)
  if not field.wide then
    local fits, err = value.convert(field.kind, v, what)
    return fits ~= nil or nil, err
  end
  return core.field_fits(trait.handle, field.index, wide.plain(v), what)
end

-- The metatable of proxies of a field, made now so that nothing fails later.
function wide.proxy_meta(trait, field)
  if not field.key then layout.wide_access(trait, field) end
  field.meta = field.meta or make_meta(field)
  return field.meta
end

local function raise_gone()
  border.raise("stale", "attempt to use an array or struct of a trait that no longer has it",
    "the trait was declared again without the field, or with another type")
end

local gone = { __metatable = "stale", __index = raise_gone, __newindex = raise_gone, __len = raise_gone,
  __call = raise_gone, __tostring = function() return "stale proxy" end }

-- The key under which an object keeps what belongs to a field.
wide.key = key_of

-- A place for something under a key, so that putting it there cannot fail.
function wide.reserve(o, key)
  local list = kept(o)
  if list[key] == nil then list[key] = false end
end

-- What the object keeps for a field goes to another key (nil: nowhere). A proxy reads
-- and writes by another metatable from now on; without one it is stale, and where the
-- trait is lost it says so as its view does.
function wide.move(o, from, to, meta, lost)
  local list = rawget(o, KEPT)
  local x = list and list[from]
  if not x then return end
  list[from] = nil
  if field_of(x) and not lost then
    debug.setmetatable(x, to and meta or gone)
    if not meta then return end
  end
  if to then list[to] = x end
end

-- The object that a reference keeps; nil: nobody.
function wide.keep(o, key, target)
  local list = rawget(o, KEPT)
  if list then list[key] = target end
end

-- The object has lost the trait: what it kept for its fields goes.
function wide.forget(o, trait)
  local list = rawget(o, KEPT)
  if not list or #trait.wide == 0 then return end
  for _, field in ipairs(trait.wide) do list[key_of(trait, field)] = nil end
  if next(list) == nil then rawset(o, KEPT, nil) end
end

return wide
