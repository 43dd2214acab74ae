-- molt.inspect: what an object or a class has, and where each piece came from.

local core = require "molt.core"
local layout = require "molt.layout"
local value = require "molt.value"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local view = require "molt.view"
local chain = require "molt.chain"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local object = require "molt.object"
local patch = require "molt.patch"
local trait = require "molt.trait"

local inspect = {}

-- A list whose entries are also found by their names.
local function add(list, entry)
  list[#list + 1] = entry
  if not (entry.private and list[entry.name]) then list[entry.name] = entry end
end

local function sort(list)
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function parts_of(target, verb)
  local record = handle.record(target)
  if record and record.kind == "trait" then return { layout.trait(record.pointer) } end
  local infos = {}
  if record and record.kind == "class" then
    for _, t in ipairs(class.traits(record)) do infos[#infos + 1] = layout.trait(handle.record(t).pointer) end
    return infos
  end
  local shape, o = object.expect(1, verb, target)
  for _, part in ipairs(shape.info.parts) do infos[#infos + 1] = layout.trait(part.trait) end
  return infos, shape, o
end

-- molt.fields(x): of an object, a class or a trait: { name, type, trait, where,
-- value } each, also by name. Of an object the Lua-valued fields that nobody
-- declared, too; not its patches.
function inspect.fields(target)
  local list = {}
  local infos, shape, o = parts_of(target, "fields")
  for _, info in ipairs(infos) do
    for _, field in ipairs(info.fields) do
      local entry = { name = field.name, type = field.kind, trait = info.name, where = info.where,
        private = field.private, required = field.required }
      if not o then entry.value = field.initial
      elseif field.private then entry.value = view.make(o, info)[field.name]
      else entry.value = o[field.name] end
      add(list, entry)
    end
  end
  local iterate = next
  for k, v in iterate, o or {} do
    local known = k == 0 or list[k] or type(k) ~= "string" or chain.is_patch(o, shape.methods, k, v)
    if not known then add(list, { name = k, type = "any", value = v }) end
  end
  return sort(list)
end
jit.off(inspect.fields)      -- docs/decisions/0005

-- Of what claims a method declared `all`: the wrappers of classes around it; and what
-- an override of a class stands for, which comes after it.
local function wrappers_of(claims)
  local wrappers, replaced, filled, overridden = {}, {}, {}, false
  for _, claim in ipairs(claims) do
    local wraps = claim.kind and claim.kind ~= "override"
    if overridden then replaced[#replaced + 1] = claim
    elseif wraps then wrappers[#wrappers + 1] = claim
    elseif claim.layer == "fill" then
      overridden = claim.kind == "override" and not filled[claim.class]
      filled[claim.class] = true
    end
  end
  return wrappers, replaced
end

-- Of a method declared `all`, `all` has what runs, in order; what is not among that is hidden.
local function claim_entry(name, claims, runs)
  local wrappers, replaced = wrappers_of(runs and claims or {})
  if wrappers[1] then claims = wrappers end
  local first = table.remove(claims, 1) or { layer = "trait" }
  if runs then
    first.all, claims = runs, wrappers
    for _, claim in ipairs(replaced) do claims[#claims + 1] = claim end
  end
  first.name = name
  first.hides = claims
  return first
end

-- The patches of an object lie on what its shape resolves to.
local function put_patches(entry, link)
  local hides = {}
  for below in function(_, l) return (l or link).below end do
    hides[#hides + 1] = { layer = "patch", kind = below.kind, where = check.place(below.fn), native = false }
  end
  hides[#hides + 1] = { layer = entry.layer, kind = entry.kind, where = entry.where, native = entry.native,
    trait = entry.trait, class = entry.class }
  for _, hidden in ipairs(entry.hides) do hides[#hides + 1] = hidden end
  entry.layer, entry.kind, entry.where, entry.native = "patch", link.kind, check.place(link.fn), false
  entry.trait, entry.class, entry.hides = nil, nil, hides
end

-- molt.methods(x): of an object or a class: { name, layer, kind, where, native, trait,
-- class, hides } each, also by name. Layers from the top: "patch", "object",
-- "fill", "trait". `kind` is which verb made a patch: what a "before", "after" or
-- "around" has in `hides` it wraps.
function inspect.methods(target)
  local list = {}
  local record = handle.record(target, "class")
  local shape, o, key
  if record then
    key = record.pointer
  else
    shape, o = object.expect(1, "methods", target)
    key = shape.id
  end
  local id = shape and shape.id or (record.shape and record.shape.id)
  for _, name in ipairs(core.names(key)) do
    if not list[name] then add(list, claim_entry(name, core.claims(key, name), id and core.runs(id, name))) end
  end
  local iterate = next
  for name, link in iterate, o and patch.of(o, shape) or {} do
    put_patches(list[name], link)
  end
  return sort(list)
end
jit.off(inspect.methods)     -- docs/decisions/0005

-- molt.traits_of(x): of an object or a class, in the order of its blocks
function inspect.traits_of(target)
  local record = handle.record(target, "class")
  if record then return class.traits(record) end
  local list = {}
  local shape = object.expect(1, "traits_of", target)
  for _, part in ipairs(shape.info.parts) do list[#list + 1] = trait.proxy(part.trait) end
  return list
end

-- molt.find(name): the class or trait of that name; nil and an error with a near match
function inspect.find(name)
  if type(name) ~= "string" then check.argument(1, "find", "name", name) end
  local pointer, kind = core.find(name)
  if not pointer then return nil, kind end
  return (kind == "class" and class or trait).proxy(pointer)
end

local function is_native(shape, info)
  for _, method in ipairs(info.methods) do
    local claims = core.claims(shape.id, method.name)
    if claims[1] and claims[1].native then return true end
  end
  return false
end

-- "Car#12 {Engine, Vehicle*}": `*` where C answers for a method of the trait.
function shapes.hooks.describe(o)
  local shape = bodies.of(o)
  if not shape then return "an object whose body slot [0] was overwritten" end
  local names = {}
  for i, part in ipairs(shape.info.parts) do
    local info = layout.trait(part.trait)
    names[i] = info.name .. (is_native(shape, info) and "*" or "")
  end
  return ("%s {%s}"):format(object.name(o), table.concat(names, ", "))
end

local function names_of(shape)
  local names = check.keys(shape.methods)
  for _, field in ipairs(shape.fields) do names[#names + 1] = field.name end
  return names
end

-- A value that generated code did not take at once: it is refused, or it fits after all.
function shapes.hooks.refuse(kind, v, name, o)
  o[name] = check.result(value.convert(kind, v, ("field '%s'"):format(name)))
end

local function declared_any(shape, name)
  for _, part in ipairs(shape.info.parts) do
    for _, field in ipairs(layout.trait(part.trait).fields) do
      if field.name == name then return true end
    end
  end
  return false
end

local function raise_unknown(o, name, shape)
  if declared_any(shape, name) then return false end
  check.raise("unknown", ("%s has no field or method '%s'"):format(object.name(o), tostring(name)),
    type(name) == "string" and check.near(name, names_of(shape)) or nil)
end

-- Strict classes only.
function shapes.hooks.unknown(o, name, shape)
  if type(name) == "string" then raise_unknown(o, name, shape) end
end

function shapes.hooks.unknown_write(o, name, v, shape)
  if type(name) == "string" then raise_unknown(o, name, shape) end
  rawset(o, name, v)
end

return inspect
