-- Calls over the border between Lua and C.

local ffi = require "ffi"
local molt = require "molt"
local measure = require "lib.measure"

local COUNT = 1000

ffi.cdef [[
typedef struct direct_gauge { double level; } direct_gauge;
double direct_advance(direct_gauge *self, double dt);
]]

local METHOD_LOOP = [[
local objects, count = ...
return function(n)
  local sum = 0
  for _ = 1, n / count do
    for i = 1, count do sum = sum + objects[i]:%s(0.5) end
  end
  return sum
end]]

local DIRECT_LOOP = [[
local structs, count, direct = ...
return function(n)
  local sum = 0
  for _ = 1, n / count do
    for i = 1, count do sum = sum + direct.direct_advance(structs[i], 0.5) end
  end
  return sum
end]]

local CLASSIC_LOOP = [[
local gauges, count, visit = ...
return function(n)
  local sum = 0
  for _ = 1, n / count do
    for i = 1, count do sum = sum + visit(gauges[i], 0.5) end
  end
  return sum
end]]

local ANSWER = "return function(self, x) return x + 1 end"

-- A class of the native implementation, and of Lua for what C calls.
local function class_of(module, name)
  local class = molt.class(name, { module.Gauge })
  class.answer = measure.compile(ANSWER)
  return class
end

local function gauges(build)
  local module = assert(molt.load(build .. "/tests/bench/gauge_a.so"))
  local class = class_of(module, "Car")
  local objects = {}
  for i = 1, COUNT do objects[i] = class() end
  return objects
end

local function views(build)
  local trait, list = nil, {}
  for i, o in ipairs(gauges(build)) do
    trait = trait or molt.find "Gauge"
    list[i] = molt.as(o, trait)
  end
  return list
end

local function direct(build)
  local library, structs = ffi.load(build .. "/tests/bench/direct.so"), {}
  local memory = ffi.new("direct_gauge[?]", COUNT)
  structs.memory = memory
  for i = 1, COUNT do structs[i] = memory + (i - 1) end
  return measure.compile(DIRECT_LOOP, structs, COUNT, library)
end

local function classic(build)
  local module = package.loadlib(build .. "/tests/bench/direct.so", "luaopen_direct")()
  local list = {}
  for i = 1, COUNT do list[i] = module.gauge() end
  return measure.compile(CLASSIC_LOOP, list, COUNT, module.visit), module
end

return {
  section = "Lua and C",
  batch = COUNT,
  { name = "leaf native method, by object", bar = 1.5, peer = "direct FFI", run = function(build)
    return { measure.compile(METHOD_LOOP:format("advance"), gauges(build), COUNT), direct(build) }
  end },
  { name = "leaf native method, by view", bar = 1.2, peer = "direct FFI", run = function(build)
    return { measure.compile(METHOD_LOOP:format("advance"), views(build), COUNT), direct(build) }
  end },
  { name = "leaf native method, after a reload", bar = 1.1, peer = "untouched", run = function(build)
    local file = require("lib.swap").new(build)
    local module = assert(molt.load(file.path))
    local class = class_of(module, "Car")
    local touched, untouched = {}, {}
    for i = 1, COUNT do touched[i] = class() end
    local run = measure.compile(METHOD_LOOP:format("advance"), touched, COUNT)
    run(COUNT * 300)
    file.exchange()
    assert(module:reload())
    molt.tick()
    file.remove()
    local other = assert(molt.load(build .. "/tests/bench/still.so"))
    local other_class = class_of(other, "Truck")
    for i = 1, COUNT do untouched[i] = other_class() end
    return { run, measure.compile(METHOD_LOOP:format("advance"), untouched, COUNT) }
  end },
  { name = "non-leaf native method", limit = 75, peer = "classic C function", run = function(build)
    return { measure.compile(METHOD_LOOP:format("visit"), gauges(build), COUNT), (classic(build)) }
  end },
  { name = "Lua implementation, called from C", bar = 2.5, peer = "bare lua_pcall", run = function(build)
    local objects = gauges(build)
    local _, module = classic(build)
    local bare, self = measure.compile(ANSWER), {}
    return {
      function(n) return objects[1]:drive(n) end,
      function(n) return module.drive(bare, self, n) end,
    }
  end },
}
