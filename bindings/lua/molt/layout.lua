-- molt.layout: the C structs behind bodies and blocks, as ctypes.
--
-- ctypes are scarce and never freed: 65,536 in all, and each member of a struct is one.
-- So there is one flat struct for each layout and one for each trait, made when it is
-- needed, and everything else is interned by its text:
--
--   struct { head; void **molt_vtable_1; void *molt_back_1; double fuel; int32_t gears; … }

local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"

local layout = {}

local traits = {}           -- trait handle -> trait info
local blocks = {}           -- text of a struct -> ctype
local bodies = {}           -- layout id -> body
local functions = {}        -- signature -> ctype

-- What core.trait_info tells, and `typed`: its fields in C memory, `any`: the others.
function layout.trait(handle)
  local info = traits[handle]
  if not info then
    info = core.trait_info(handle)
    info.handle = handle
    info.typed, info.any, info.wide, info.required = {}, {}, {}, {}
    for _, field in ipairs(info.fields) do
      local list = field.kind == "any" and info.any or field.wide and info.wide or info.typed
      list[#list + 1] = field
      if field.required then info.required[#info.required + 1] = field end
    end
    traits[handle] = info
  end
  return info
end

-- Objects whose init runs -> what it has assigned, for required fields; and how many
-- there are: see molt.required.
layout.watching = { n = 0 }

-- The same method is the same record: what calls it is made once, and compiled once.
local function keep_methods(info, known)
  for i, method in ipairs(info.methods) do
    local was = known.methods[i]
    local same = was and was.handle == method.handle and was.number == method.number and was.text == method.text
    if same then info.methods[i] = was end
  end
end

-- A later declaration added members that only Lua sees, or a version comes again.
function layout.forget_trait(handle)
  local known = traits[handle]
  traits[handle] = nil
  if not known then return end
  local info = layout.trait(handle)
  info.view_meta = known.view_meta
  keep_methods(info, known)
end

-- A draft of a declaration came to nothing, or went into another trait.
function layout.drop_trait(handle)
  traits[handle] = nil
  core.trait_undraft(handle)
end

-- What bodies begin with: one type for all of them.
local Head = ffi.typeof("union { struct { char molt_skip[$]; void **molt_attached; };"
  .. " molt_object molt_object; }", ffi.offsetof("molt_object", "attached"))

-- Members one after the other, each at its offset: what lies between is skipped.
local function flat(size)
  local text = {}

  local function add(kind, name, offset)
    local align = ffi.alignof(kind)
    local here = math.ceil(size / align) * align
    if here < offset then
      text[#text + 1] = ("char molt_skip_%d[%d];"):format(size, offset - size)
    elseif here > offset then
      error("fields overlap")
    end
    text[#text + 1] = ("%s %s;"):format(kind, name)
    size = offset + ffi.sizeof(kind)
  end

  return text, add
end

local function add_fields(add, typed, base, private)
  local fields = {}
  for i, field in ipairs(typed) do fields[i] = field end
  table.sort(fields, function(a, b) return a.offset < b.offset end)
  for _, field in ipairs(fields) do
    if private or not field.private then add(field.kind, field.name, base + field.offset) end
  end
end

-- The struct of one trait's block: its fields by name, its head by molt_block.
function layout.block_type(info)
  if not info.block_pointer then
    local text, add = flat(ffi.sizeof("molt_block"))
    add_fields(add, info.typed, 0, true)
    local source = "struct { molt_block molt_head; " .. table.concat(text, " ") .. " } *"
    blocks[source] = blocks[source] or ffi.typeof(source)     -- a trait's versions may come again
    info.block_pointer = blocks[source]
  end
  return info.block_pointer
end

-- The bodies of a layout, from a shape's info: { pointer = ctype of a pointer to one,
-- bodies = the registry, for slots of objects that have it }.
function layout.body(shape)
  local body = bodies[shape.layout]
  if body then return body end
  local text, add = flat(ffi.sizeof(Head))
  for index, part in ipairs(shape.parts) do
    if part.offset > 0 then
      add("void **", "molt_vtable_" .. index, part.offset)
      add("void *", "molt_back_" .. index, part.offset + ffi.sizeof("void *"))
      add_fields(add, layout.trait(part.trait).typed, part.offset, false)
    end
  end
  local pointer = ffi.typeof("struct { $; " .. table.concat(text, " ") .. " } *", Head)
  body = { pointer = pointer, bodies = ffi.cast(ffi.typeof("$ *", pointer), border.state.bodies) }
  bodies[shape.layout] = body
  return body
end

-- The type of a native function of that signature: the handle, then the parameters.
function layout.function_type(method)
  local signature = ("%s (*)(void *%s)"):format(method.result,
    #method.parameters > 0 and ", " .. table.concat(method.parameters, ", ") or "")
  local ctype = functions[signature]
  if not ctype then
    ctype = ffi.typeof(signature)
    functions[signature] = ctype
  end
  return ctype
end

return layout
