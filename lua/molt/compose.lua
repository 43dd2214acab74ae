-- molt.compose: traits and implementations come to a class and go from it, live
-- instances included, all of them or none.

local core = require "molt.core"
local layout = require "molt.layout"
local shapes = require "molt.shapes"
local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local select_ = require "molt.select"
local required = require "molt.required"
local event = require "molt.event"
local hook = require "molt.hook"
local hook_run = require "molt.hook_run"
local static = require "molt.static"

local compose = {}

-- Is the class record `sub` the class `base`, or extended from it?
function compose.extends(sub, base)
  while sub and sub ~= base do sub = sub.base and handle.record(sub.base) end
  return sub == base
end

-- Handles of all traits of a class, its base's first.
function compose.traits(record)
  local list = record.base and compose.traits(handle.record(record.base)) or {}
  for _, pointer in ipairs(core.class_info(record.pointer).traits) do list[#list + 1] = pointer end
  return list
end

-- The living of a class, and of those that extend it, of whose shapes `concerned` holds.
local function living(record, concerned)
  local list = {}
  for o in registry.each(function(shape)
    return compose.extends(shape.class, record) and concerned(shape)
  end) do list[#list + 1] = o end
  return list
end

local function pointer_of(piece)
  return piece.trait or piece.pointer
end

-- What core.class_use takes: trait, implementation or false, selection or false, by turns.
local function triples(list)
  local flat = {}
  for _, piece in ipairs(list) do
    flat[#flat + 1] = pointer_of(piece)
    flat[#flat + 1] = piece.kind == "impl" and piece.pointer
    flat[#flat + 1] = piece.kind == "selection" and piece.pointer
  end
  return flat
end

-- Traits of the list that the class lacks, each once.
local function lacking(record, list)
  local has, found = {}, {}
  for _, pointer in ipairs(compose.traits(record)) do has[pointer] = true end
  for _, piece in ipairs(list) do
    local pointer = pointer_of(piece)
    if not has[pointer] then found[#found + 1] = pointer end
    has[pointer] = true
  end
  return found
end

-- The instances that gain traits whose `attached` is to run: { trait, objects }.
local function gaining(record, list, lacks)
  local found = {}
  for _, pointer in ipairs(lacks) do
    local hooked = false
    for _, piece in ipairs(list) do
      local impl = piece.kind == "impl" and piece.pointer or nil
      hooked = hooked or pointer_of(piece) == pointer and core.hook_defined(pointer, impl)
    end
    if hooked then
      found[#found + 1] = { pointer, living(record, function(shape) return not shape.has[pointer] end) }
    end
  end
  return found
end

-- The class and its instances are as they were before a use whose hook failed.
local function undo_use(record, list, lacks, gained, failed)
  for i = failed - 1, 1, -1 do
    local err = hook.all_detaching(gained[i][2], gained[i][1])
    if err ~= nil then core.log_error(tostring(err)) end
  end
  local gone = {}
  for _, pointer in ipairs(lacks) do gone[pointer] = true end
  for _, piece in ipairs(list) do
    if piece.kind == "impl" and not gone[piece.trait] then
      local ok, why = core.class_drop(record.pointer, {}, piece.pointer)
      if not ok then core.log_error(tostring(why)) end
    end
  end
  local ok, why = core.class_drop(record.pointer, lacks)
  if not ok then core.log_error(tostring(why)) end
  for _, entry in ipairs(gained) do
    local traits = { entry[1] }
    for _, o in ipairs(entry[2]) do hook.detached(o, traits) end
  end
end

-- The class gains the pieces, all of them or none. `attached` runs for each instance
-- that gains a trait; if one fails, all of them lose it again.
local function use_pieces(record, list)
  static.check_use(record, list)
  local lacks = lacking(record, list)
  local gained = gaining(record, list, lacks)
  check.result(core.class_use(record.pointer, triples(list)))
  for i, entry in ipairs(gained) do
    local ran, ok, err = pcall(hook.all_attached, entry[2], entry[1])
    if not (ran and ok) then
      undo_use(record, list, lacks, gained, i)
      error(ran and err or ok, 0)
    end
  end
  local anew = false
  for _, piece in ipairs(list) do
    if piece.kind == "impl" then
      table.insert(record.impls, piece)
      anew = anew or next(piece.any) ~= nil
    end
  end
  if anew then shapes.hooks.relaid() end
end

local function drop_impl(record, impl)
  check.result(core.class_drop(record.pointer, {}, impl.pointer))
  for i = #record.impls, 1, -1 do
    if record.impls[i] == impl then
      table.remove(record.impls, i)
      break
    end
  end
  if next(impl.any) ~= nil then shapes.hooks.relaid() end
end

local function lists(list, pointer)
  for _, item in ipairs(list) do
    if (type(item) == "table" and item.trait or item) == pointer then return true end
  end
  return false
end

-- Has an object of the shape the trait by `record` alone? Its own class may bring it
-- too, or an implementation that was attached to the object.
local function only_by(record, shape, pointer)
  if not shape.has[pointer] or lists(shape.info.attached, pointer) then return false end
  local of = shape.class
  while of ~= record do
    if lists(core.class_info(of.pointer).traits, pointer) then return false end
    of = handle.record(of.base)
  end
  return true
end

-- Takes traits away, all at once; their implementations go with them. Hooks run while
-- they are still there, once it is certain that they can go; the first error of one is
-- returned.
local function drop_traits(record, pointers)
  local losing, any = {}, false
  for i, pointer in ipairs(pointers) do
    losing[i] = living(record, function(shape)
      local plan = hook_run.plan(shape)
      return plan and plan.ends and only_by(record, shape, pointer)
    end)
    any = any or losing[i][1] ~= nil
  end
  local failure
  if any then check.result(core.may_drop(record.pointer, pointers)) end
  for i = #pointers, 1, -1 do
    local err = losing[i][1] and hook.all_detaching(losing[i], pointers[i])
    if failure == nil then failure = err end
  end
  check.result(core.class_drop(record.pointer, pointers))
  local gone = {}
  for i, pointer in ipairs(pointers) do
    gone[pointer] = true
    local traits = { pointer }
    for _, o in ipairs(losing[i]) do hook.detached(o, traits) end
  end
  for i = #record.impls, 1, -1 do
    if gone[record.impls[i].trait] then table.remove(record.impls, i) end
  end
  return failure
end

-- The implementations that a declaration lists. One that lists them again replaces
-- them; what is there already stays in its place, under later fills.
function compose.use_listed(record, impls)
  local before, now = record.listed or {}, {}
  for _, impl in ipairs(impls) do
    now[impl] = true
    if not before[impl] then use_pieces(record, { impl }) end
  end
  local iterate = next
  for impl in iterate, before do
    if not now[impl] and lists(record.impls, impl.trait) then drop_impl(record, impl) end
  end
  record.listed = now
end
jit.off(compose.use_listed)  -- docs/decisions/0005

-- Live objects would gain fields that nobody gives them.
local function check_required(record, list)
  local live
  for _, pointer in ipairs(lacking(record, list)) do
    local by
    for _, piece in ipairs(list) do
      if pointer_of(piece) == pointer and (not by or piece.kind == "impl") then by = piece end
    end
    if #layout.trait(pointer).required > 0 then
      live = live or registry.count(function(shape) return compose.extends(shape.class, record) end)
      if live > 0 then required.check_use(record, by, live) end
    end
  end
end

-- molt.use(Class, T | impl | {T, …}): the class has the traits, or is filled by the
-- implementations, live instances included; all of it or nothing.
function compose.use(target, what)
  local record = handle.check(1, "use", target, "class")
  local list = select_.pieces("use", what)
  check_required(record, list)
  use_pieces(record, list)
  for _, piece in ipairs(list) do event.emit("use", target, piece.proxy) end
end

-- molt.drop(Class, T | impl | {T, …}): traits at once; an implementation by itself
function compose.drop(target, what)
  local record = handle.check(1, "drop", target, "class")
  local list, err = select_.pieces("drop", what), nil
  if #list == 1 and list[1].kind == "impl" then
    drop_impl(record, list[1])
  else
    local pointers = {}
    for i, piece in ipairs(list) do
      if piece.kind == "impl" then
        check.raise("type", ("bad argument #2 to 'drop' (trait expected at %d, got impl)"):format(i),
          "drop an implementation by itself")
      end
      if not lists(pointers, pointer_of(piece)) then pointers[#pointers + 1] = pointer_of(piece) end
    end
    err = drop_traits(record, pointers)
  end
  for _, piece in ipairs(list) do event.emit("drop", target, piece.proxy) end
  if err ~= nil then error(err, 0) end
end

return compose
