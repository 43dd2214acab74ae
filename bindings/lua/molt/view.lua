-- molt.view: trait handles, safe in Lua.
--
-- A view is a userdata: its payload a molt_view, its environment the object's
-- table. So it keeps its object alive and is collected with it, and costs
-- compiled code one load and one comparison. What makes it stale nulls its block.

local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local bodies = require "molt.bodies"
local thunk = require "molt.thunk"
local value = require "molt.value"
local shapes = require "molt.shapes"

local view = {}

local View = ffi.typeof("molt_view *")
local state, cast = border.state, ffi.cast

-- The object of a view; nil once it is stale.
local owner = core.object_of

function view.raise_stale(v)
  local payload, trait = cast(View, v), view.trait(v)
  local text = "attempt to use a stale view of '%s' (object #%d)"
  border.raise("stale", text:format(trait.name, tonumber(payload.id) % 4294967296),
    ("the trait was detached or the object destroyed in tick %d"):format(tonumber(payload.since)))
end

-- Statements around `access` to a field of the view's block. The collector may run
-- a finalizer between any two steps: right before the block is followed,
-- state.epoch says whether it is still the one (see molt.accessor).
local steps = [[
local e = state.epoch
if getmeta(v) ~= meta then %s end
local block = cast(View, v).block
if block ~= nil then
  block = cast(Block, block)
  if state.epoch ~= e then %s end %s
end
return stale(v)
]]

local function index_source(trait)
  local text = { "local Block, View, state, other, stale, cast, read, meta, getmeta = ...\nreturn function(v, k)\n" }
  for _, field in ipairs(trait.typed) do
    text[#text + 1] = ("if k == %q then\n%s end\n"):format(field.name,
      steps:format("return v[k]", "return v[k]", "return block." .. field.name))
  end
  for _, field in ipairs(trait.wide) do
    text[#text + 1] = ("if k == %q then return read[%q](v) end\n"):format(field.name, field.name)
  end
  text[#text + 1] = "return other(v, k)\nend\n"
  return table.concat(text)
end

local function newindex_source(trait)
  local text = { "local Block, View, state, other, stale, refuse, wide, cast, type, write, watching, meta, "
    .. "getmeta = ...\nreturn function(v, k, x)\n" }
  for _, field in ipairs(trait.required) do
    text[#text + 1] = ("if k == %q and watching.n ~= 0 then return other(v, k, x) end\n"):format(field.name)
  end
  for _, field in ipairs(trait.typed) do
    text[#text + 1] = ("if k == %q then\n if %s then\n%s end\n return refuse(%q, x, k, v)\nend\n"):format(field.name,
      value.condition(field.kind, "x"), steps:format("v[k] = x return", "v[k] = x return",
      ("block.%s = x return"):format(field.name)),
      field.kind)
  end
  for _, field in ipairs(trait.wide) do
    text[#text + 1] = ("if k == %q then return write[%q](v, x) end\n"):format(field.name, field.name)
  end
  text[#text + 1] = "return other(v, k, x)\nend\n"
  return table.concat(text)
end

-- A method called through a view receives the object. `caller`, where the method
-- is typed, takes what is no view.
local function slot_name(o, trait, name)
  for _, part in ipairs(bodies.shape_of(o).info.parts) do
    if part.trait == trait then return part.names[name] or name end
  end
  return name
end

local function method_wrapper(name, caller, trait)
  return function(v, ...)
    local o = v
    if view.trait(v) then
      o = owner(v)
      if o == nil then view.raise_stale(v) end
    elseif caller then
      return caller(v, ...)
    elseif not bodies.of(o) then
      bodies.raise_unfit(o, name)
    end
    return o[trait and slot_name(o, trait, name) or name](o, ...)
  end
end

-- What views do when assigned to; `meta` is their metatable, `other` for what is no typed field.
local function newindex_of(trait, meta, other)
  local Block, write = layout.block_type(trait), {}
  for _, field in ipairs(trait.wide) do
    local _, access = layout.wide_access(trait, field)
    write[field.name] = access
  end
  return assert(loadstring(newindex_source(trait), "=molt"))(Block, View, state, other, view.raise_stale,
    shapes.hooks.refuse, value.wide, cast, type, write, layout.watching, meta, debug.getmetatable)
end

local function write_other(v, k, x)
  local o = owner(v)
  if o == nil then view.raise_stale(v) end
  o[k] = x
end

local function make_meta(trait)
  local meta = { __metatable = "view", ["molt.view"] = core.binding, ["molt.name"] = trait.name, [view] = trait }
  local stale = view.raise_stale
  local methods, wrappers = {}, {}
  for _, method in ipairs(trait.methods) do
    methods[method.name] = thunk.view(method, meta, method_wrapper(method.name, method.caller, trait.handle))
  end

  -- What is not a typed field of the trait is the object's.
  local function read_other(v, k)
    local method = methods[k]
    if method then return method end
    local o = owner(v)
    if o == nil then stale(v) end
    local x = o[k]
    if type(x) ~= "function" or bodies.shape_of(o).methods[k] == nil then return x end
    method = wrappers[k] or method_wrapper(k)
    wrappers[k] = method
    return method
  end

  local Block, read = layout.block_type(trait), {}
  for _, field in ipairs(trait.wide) do read[field.name] = layout.wide_access(trait, field) end
  meta.__index = assert(loadstring(index_source(trait), "=molt"))(Block, View, state, read_other, stale, cast, read,
    meta, debug.getmetatable)
  meta.__newindex = newindex_of(trait, meta, write_other)
  meta.__tostring = function(v)
    local o = owner(v)
    return ("%s of %s"):format(trait.name, o and tostring(o) or "a past object")
  end
  return meta
end

-- Makes the metatable of a trait's views; those of its earlier version follow when
-- their objects do.
function view.prepare(trait)
  trait.view_meta = trait.view_meta or make_meta(trait)
  core.view_metas[trait.index + 1] = trait.view_meta
end

-- Other fields of the trait must be given (a list) than before: a function that makes
-- the views that there are take part, and needs no memory.
function view.renewal(trait, required)
  local meta = trait.view_meta
  if not meta then return function() end end
  local newindex = newindex_of(setmetatable({ required = required }, { __index = trait }), meta, write_other)
  return function() meta.__newindex = newindex end
end

-- The view of an object's trait: the same one each time while it is in use.
-- nil when the object has no such trait.
function view.make(o, trait)
  if not trait.view_meta then view.prepare(trait) end
  return core.view(trait.view_meta, o, trait.handle)
end

-- trait of a view; nil for anything else.
function view.trait(v)
  if type(v) ~= "userdata" then return nil end
  local meta = debug.getmetatable(v)
  return meta and rawget(meta, view)
end

-- The object of a view, or nil once it is stale.
function view.object(v)
  return view.trait(v) and owner(v) or nil
end

return view
