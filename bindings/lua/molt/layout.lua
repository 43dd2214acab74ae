-- molt.layout: the C structs behind bodies and blocks, as ctypes.
--
-- ctypes are scarce and never freed, so there is one struct for each layout and
-- one for each trait, and everything else is interned by its text. Fields come
-- first in a struct, since the interpreter looks members up in order; the union
-- puts them where they belong all the same.

local ffi = require "ffi"
local core = require "molt.core"

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
    info.typed, info.any = {}, {}
    for _, field in ipairs(info.fields) do
      local list = field.kind == "any" and info.any or info.typed
      list[#list + 1] = field
    end
    traits[handle] = info
  end
  return info
end

-- A later declaration added members that only Lua sees.
function layout.forget_trait(handle)
  local known = traits[handle]
  traits[handle] = nil
  if known then layout.trait(handle).view_meta = known.view_meta end
end

-- A draft of a declaration came to nothing, or went into another trait.
function layout.drop_trait(handle, lasting)
  traits[handle] = nil
  if not lasting then core.trait_undraft(handle) end
end

local function member(field, offset)
  return ("struct { char molt_pad_%d[%d]; %s %s; };"):format(offset, offset, field.kind, field.name)
end

-- "molt_pad" only where there is something to skip: C has no empty arrays.
local function struct(members)
  return "union { " .. table.concat(members, " ") .. " }"
end

-- The struct of one trait's block: its fields by name, its head by molt_block.
function layout.block_type(info)
  if not info.block_pointer then
    local members = {}
    for i, field in ipairs(info.typed) do members[i] = member(field, field.offset) end
    members[#members + 1] = "molt_block molt_head;"
    local text = struct(members) .. " *"
    blocks[text] = blocks[text] or ffi.typeof(text)     -- a trait's versions may come again
    info.block_pointer = blocks[text]
  end
  return info.block_pointer
end

-- The body of a layout: { pointer = ctype, parts = { … } } from a shape's info.
function layout.body(shape)
  local body = bodies[shape.layout]
  if body then return body end
  local members = { "int32_t molt_slot;" }
  for _, part in ipairs(shape.parts) do
    if part.offset > 0 then
      for _, field in ipairs(layout.trait(part.trait).typed) do
        members[#members + 1] = member(field, part.offset + field.offset)
      end
    end
  end
  for index, part in ipairs(shape.parts) do
    if part.offset > 0 then
      members[#members + 1] = ("struct { char molt_skip_%d[%d]; void **molt_vtable_%d; };")
        :format(index, part.offset, index)
    end
  end
  members[#members + 1] = ("struct { char molt_skip[%d]; void **molt_attached; };"):format(
    ffi.offsetof("molt_object", "attached"))
  members[#members + 1] = "molt_object molt_object;"
  body = { pointer = ffi.typeof(struct(members) .. " *") }
  core.body_type(tonumber(body.pointer))
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
