-- molt.registry: making objects, finding the dead, going through the living.
--
--   objects   slot -> table, weak: the collector empties it
--   state.objects   slot -> body, in C
--
-- A body whose table has died is found by an incremental sweep after each
-- collection, in ordinary context: a step at each creation, the rest at the tick.
-- The sweep also closes the holes, so that slots stay dense and in order of
-- creation; iterations under way are told.

local ffi = require "ffi"
local bit = require "bit"
local border = require "molt.border"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local core = require "molt.core"

local registry = {}

local objects, state = border.objects, border.state

-- molt__object_flag in core/src/object.h
local HOST = 1

-- The sentinel: a userdata that each collection finds dead, and that comes again.
local function watch()
  local sentinel = newproxy(true)
  getmetatable(sentinel).__gc = function()
    if bodies.closed then return end
    state.collected = 1
    watch()
  end
end
watch()

local iterations = setmetatable({}, { __mode = "k" })

-- Slot `from` was gone through by the sweep; what is alive ends at `last`.
local function tell_iterations(from, last)
  local iterate = next
  for it in iterate, iterations do
    if it.at == from then it.at = last end
    if it.stop == from then it.stop = last end
  end
end

local from, to           -- the sweep under way: next slot to look at, next to fill

local function step(count)
  local living, finish, move = state.objects, border.finish, border.move
  local world, watched = border.world, next(iterations) ~= nil
  while count > 0 and from <= state.top do
    local body = living[from]
    if body ~= nil then
      local o = objects[from]
      if o == nil and bit.band(body.flags, HOST) == 0 and body.retains == 0 then
        finish(body)
      else
        if from ~= to then
          move(from, to, world)
          objects[to], objects[from] = o, nil
        end
        to = to + 1
      end
    end
    if watched then tell_iterations(from, to - 1) end
    from = from + 1
    count = count - 1
  end
  return from > state.top
end

-- state.collected: 1 the collector ran, 2 a sweep is under way, 3 both.
local UNDER_WAY, BOTH = 2, 3

-- Goes on with the sweep, `count` slots at most; begins one if a collection ran.
function registry.sweep(count)
  if state.collected < 0 then border.raise("closed", "the world has been closed") end
  if state.collected == 0 then return end
  if not from then
    state.collected, from, to = UNDER_WAY, 1, 1
  elseif state.collected == 1 then
    state.collected = BOTH
  end
  if step(count) then
    if to <= state.top then state.top = to - 1 end
    from = nil
    state.collected = state.collected == BOTH and 1 or 0
  end
end

local pace = 64           -- slots looked at for each object made

local maker = [[
local create, pointer, Body, meta, objects, state, sweep, no_memory, cast, setmetatable = ...
return function()
  if state.collected ~= 0 then sweep(%d) end
  local body = create(pointer)
  if body == nil then no_memory() end
  local o = %s
  objects[body.slot] = o
  return o
end
]]

-- Objects whose class declares Lua-valued fields are born with places in the
-- table's hash for the typed names too, empty: then LuaJIT finds every name, or
-- its absence, where it expected it.
local function birth(typed, any)
  if #any == 0 then return "setmetatable({ [0] = cast(Body, body) }, meta)" end
  local fields, clear = {}, {}
  for _, name in ipairs(any) do fields[#fields + 1] = name .. " = 1" end
  for _, name in ipairs(typed) do fields[#fields + 1] = name .. " = 1" end
  for _, list in ipairs { any, typed } do
    for _, name in ipairs(list) do clear[#clear + 1] = ("o.%s = nil"):format(name) end
  end
  return ("{ [0] = cast(Body, body), %s }\n  %s\n  setmetatable(o, meta)"):format(table.concat(fields, ", "),
    table.concat(clear, " "))
end

local function no_memory()
  border.raise("memory", "out of memory for an object")
end

-- A function that makes an object of the shape, fields at their defaults.
function registry.maker(shape, typed, any)
  return assert(loadstring(maker:format(pace, birth(typed, any)), "=molt"))(border.create, shape.pointer,
    shape.body.pointer, shape.meta, objects, state, registry.sweep, no_memory, ffi.cast, setmetatable)
end

-- An iteration over the objects alive now, in order of creation, for which
-- filter(shape) holds. Objects made meanwhile are not visited, objects destroyed
-- meanwhile neither.
function registry.each(filter)
  local it = { at = 0, stop = state.top }
  iterations[it] = true
  return function()
    while it.at < it.stop do
      it.at = it.at + 1
      local body = state.objects[it.at]
      if body ~= nil and filter(shapes.at(body.shape)) then
        local o = objects[it.at] or registry.wrap(body)
        if o then return o end
      end
    end
    iterations[it] = nil
  end
end

-- The table of an object of the host that Lua has not seen yet; nil for a body
-- whose table has died.
function registry.wrap(body)
  if bit.band(body.flags, HOST) == 0 then return nil end
  return core.object_at(border.id(body))
end

function registry.count(filter)
  local n = 0
  for slot = 1, state.top do
    local body = state.objects[slot]
    if body ~= nil and (objects[slot] ~= nil or bit.band(body.flags, HOST) ~= 0) and filter(shapes.at(body.shape)) then
      n = n + 1
    end
  end
  return n
end

return registry
