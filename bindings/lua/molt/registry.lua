-- molt.registry: making objects, finding the dead, going through the living.
--
--   objects         slot -> table, weak: the collector empties it
--   state.bodies    slot -> body, in C
--
-- A body whose table has died is found by an incremental sweep after each
-- collection, in ordinary context: a step at each creation, the rest at the tick.
-- The sweep also closes the holes, so that slots stay dense and in order of
-- creation; iterations under way are told (sweep.c).

local ffi = require "ffi"
local core = require "molt.core"
local border = require "molt.border"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local room = require "molt.room"

local registry = {}

-- molt__entry of roster.h
local Entries = ffi.typeof("struct { molt_object *object; uint32_t generation; } *")

local objects, state, cast = border.objects, border.state, ffi.cast

-- The sentinel: a userdata that each collection finds dead, and that comes again.
local function watch()
  local sentinel = newproxy(true)
  getmetatable(sentinel).__gc = function()
    if bodies.closed then return end
    state.collected = 1          -- see sweep.c
    watch()
  end
end
watch()

-- Objects that the collector found dead and that have hooks to run before they end.
registry.doomed = {}

-- Goes on with the sweep, `count` slots at most (to the end without a number);
-- begins one if a collection ran. A finalizer that makes an object has the collector
-- stopped: hooks wait until nothing stands in between.
function registry.sweep(count)
  if registry.doomed[1] and (not count or collectgarbage("isrunning")) then shapes.hooks.bury() end
  core.sweep(count)
end

local pace = 256          -- slots looked at for each object made

local maker = [[
local create, pointer, meta, objects, state, sweep, no_memory, setmetatable, head, again, settle = ...
return function()
  if state.collected ~= 0 then sweep(%d) end
  local e = state.epoch
  if head.suspect ~= 0 then return again() end
  local body = create(pointer)
  if body == nil then no_memory() end
  local o = { [0] = 0%s }
  local slot = body.slot
  o[0] = slot
  %s
  setmetatable(o, meta)
  objects[slot] = o
  if state.epoch ~= e then return settle(o) end body.flags = 0
  return o
end
]]

-- A finalizer may change the class in the midst of this. A shape that the class has left
-- behind is suspect; after that, the epoch tells.
--
-- The table is copied whole from a constant one, which is faster than filling an
-- empty one, and 16 bytes smaller. Objects whose class declares Lua-valued fields
-- are born with room for the names that are looked up beside them.
local function birth(typed, any, methods)
  if #any == 0 or #any + #typed > 24 then return "", "" end
  local names, fields, clear = { unpack(any) }, {}, {}
  for _, name in ipairs(room.names(typed, methods, #any)) do names[#names + 1] = name end
  for i, name in ipairs(names) do
    fields[i] = (", [%q] = 1"):format(name)
    clear[i] = ("o[%q] = nil"):format(name)
  end
  return table.concat(fields), table.concat(clear, " ")
end

local function no_memory()
  border.raise("memory", "out of memory for an object")
end

-- A function that makes an object of the shape, fields at their defaults. `any`:
-- the Lua-valued fields that its objects have, declared or learned. `again`: makes one
-- of the class's present shape, should it be another.
function registry.maker(shape, typed, any, again)
  local fields, clear = birth(typed, any, shape.methods)
  return assert(loadstring(maker:format(pace, fields, clear), "=molt"))(border.create, shape.pointer,
    shape.meta, objects, state, registry.sweep, no_memory, setmetatable, shape.head, again, core.settle)
end

local shape_of = bodies.shape_of

-- The object in a slot, if filter(shape) holds for it. One of the host that Lua
-- has not seen gets its table now.
local function object_in(slot, filter)
  local o = objects[slot]
  if o then return filter(shape_of(o)) and o end
  local shape, id = core.unseen(slot)
  return shape and filter(shapes.get(shape)) and core.object_at(id)
end

local function expect_open()
  if state.collected < 0 then border.raise("closed", "the world has been closed") end
end

-- Iterators are closures. LuaJIT compiles a loop for the one it meets, until it has seen a
-- few made of one function: from then on for all of them.
local function for_all(make)
  for _ = 1, 4 do make() end
  return make
end

-- An iterator with a loop inside is not compiled, either: what it mostly meets, an object
-- like the one before, comes first, and the search for another by itself.
local over_slots = for_all(function(it, filter)
  local function search()
    while it[1] < it[2] do
      it[1] = it[1] + 1
      local o = object_in(it[1], filter)
      if o then return o end
    end
    core.iterations[it] = nil
  end

  return function()
    local slot = it[1] + 1
    local o = slot <= it[2] and objects[slot]
    if not o or not filter(shape_of(o)) then return search() end
    it[1] = slot
    return o
  end
end)

local over_entries = for_all(function(list, count, filter)
  local entry, at, seen = cast(Entries, list), 0, nil       -- `seen`: a shape that matches

  local function search()
    if list then expect_open() end
    while list and at < count do
      local object, generation = entry[at].object, entry[at].generation
      at = at + 1
      -- An object that has ended, and another one in its place, is told by its generation.
      if object.generation == generation and object.slot ~= 0 then
        local o = object_in(object.slot, filter)
        if o then
          seen = shape_of(o)
          return o
        end
      end
    end
    list = nil
  end

  return function()
    if at < count and state.collected >= 0 and entry[at].object.generation == entry[at].generation then
      local o = objects[entry[at].object.slot]
      if o and shape_of(o) == seen then
        at = at + 1
        return o
      end
    end
    return search()
  end
end)

local function expect_ready()
  expect_open()
  if registry.doomed[1] then shapes.hooks.bury() end
end

-- An iteration over the objects alive now, in order of creation, for which
-- filter(shape) holds. Objects made meanwhile are not visited, objects destroyed
-- meanwhile neither.
function registry.each(filter)
  expect_ready()
  local it = { 0, state.top }       -- the slot it is at, the last one
  core.iterations[it] = true
  return over_slots(it, filter)
end

-- The same for the objects of a class, or with a trait: in time that goes with how
-- many there are. What comes to match meanwhile is not visited, what ceases to is
-- not either.
function registry.each_of(class, trait, filter)
  expect_ready()
  local list, count = core.roster(class, trait)
  border.check(list, count)
  return over_entries(list, count, filter)
end

function registry.count_of(class, trait, filter)
  local n = 0
  for _ in registry.each_of(class, trait, filter) do n = n + 1 end
  return n
end

function registry.count(filter)
  expect_ready()
  local n = 0
  for slot = 1, state.top do
    local o = objects[slot]
    if o then
      if filter(shape_of(o)) then n = n + 1 end
    elseif object_in(slot, filter) then
      n = n + 1
    end
  end
  return n
end

return registry
