-- Making objects, and what they weigh.

local ffi = require "ffi"
local molt = require "molt"
local measure = require "lib.measure"

local MOLT_CLASS = [[
local molt, name = ...
local Moving = molt.trait("Moving", { "double x = 0", "double v = 1", "double limit = 100" })
return molt.class(name, { Moving })]]

local PLAIN_CLASS = [[
local Class = {}
Class.__index = Class
return setmetatable(Class, { __call = function(_, fields)
  local o = setmetatable({ x = 0, v = 1, limit = 100 }, Class)
  if fields ~= nil then
    local iterate = next
    for name, value in iterate, fields do o[name] = value end
  end
  return o
end })]]

-- The last `alive` objects are kept.
local RING = [[
local Class, alive = ...
local ring = {}
for i = 1, alive do ring[i] = false end
return function(n)
  local at = 0
  for _ = 1, n do
    at = at + 1
    if at > alive then at = 1 end
    ring[at] = Class(%s)
  end
  return ring[1].v
end]]

local DESTROY = [[
local Class, destroy = ...
return function(n)
  local sum = 0
  for _ = 1, n do
    local o = Class()
    sum = sum + o.v
    destroy(o)
  end
  return sum
end]]

local DROP = [[
local Class = ...
local kept
return function(n)
  local sum = 0
  for _ = 1, n do
    local o = Class()
    kept = o
    sum = sum + o.v
  end
  return sum + kept.v
end]]

local function ring(alive, arguments)
  local text = RING:format(arguments or "")
  return {
    measure.compile(text, measure.compile(MOLT_CLASS, molt, "Car"), alive),
    measure.compile(text, measure.compile(PLAIN_CLASS), alive),
  }
end

ffi.cdef [[
struct bench_mallinfo { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; };
struct bench_mallinfo mallinfo2(void);
]]

-- Bytes in use: LuaJIT's heap, malloc's, where Molt's bodies are, and Molt's registry.
local function heaps()
  collectgarbage()
  collectgarbage()
  local info = ffi.C.mallinfo2()
  local registry = require("molt.border").state.top * ffi.sizeof("void *")
  return collectgarbage("count") * 1024 + tonumber(info.uordblks) + tonumber(info.hblkhd) + registry
end

local function bytes(class, count)
  local keep = {}
  for i = 1, count do keep[i] = false end
  for _ = 1, 1000 do keep[1] = class() end
  local before = heaps()
  for i = 1, count do keep[i] = class() end
  local after = heaps()
  return (after - before) / #keep
end

return {
  section = "life of an object",
  fresh = true,               -- what else is alive would be the collector's work, and nobody's of these
  batch = 64,
  time = 20e6,
  { name = "create and drop, 64 alive", bar = 1.4, separate = true,
    run = function(_, only) return { ring(64)[only] } end },
  { name = "create and drop, 100,000 alive", bar = 1.8, separate = true, time = 60e6, repetitions = 9,
    run = function(_, only) return { ring(100000)[only] } end },
  { name = "create with a table of fields and drop", bar = 1.6, separate = true,
    run = function(_, only) return { ring(64, "{ x = 1, v = 2 }")[only] } end },
  { name = "create and destroy explicitly", bar = 0.7, peer = "plain, dropped", separate = true,
    run = function(_, only)
      if only == 2 then return { measure.compile(DROP, measure.compile(PLAIN_CLASS)) } end
      return { measure.compile(DESTROY, measure.compile(MOLT_CLASS, molt, "Car"), molt.destroy) }
    end },
  { name = "an object with three typed fields", bar = 1.2, unit = "bytes", separate = true, value = function(_, only)
    return bytes(only == 1 and measure.compile(MOLT_CLASS, molt, "Car") or measure.compile(PLAIN_CLASS), 100000)
  end },
}
