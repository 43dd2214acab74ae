-- What changes while the program runs.

local ffi = require "ffi"
local molt = require "molt"
local measure = require "lib.measure"

ffi.cdef "int direct_floor(const char *from, const char *folder, int number);"

local function attach_loop(lines)
  local car = molt.class("Car", { molt.trait("Moving", { "double x = 0" }) })
  local extra = molt.trait("Extra", lines)
  local objects = {}
  for i = 1, 1000 do objects[i] = car() end
  return measure.compile([[
local objects, extra, attach, detach = ...
return function(n)
  for i = 1, n do
    local o = objects[i % 1000 + 1]
    attach(o, extra)
    detach(o, extra)
  end
  return #objects
end]], objects, extra, molt.attach, molt.detach)
end

local function override_with(live)
  local car = molt.class("Car", { molt.trait("Moving", { "double x = 0", "double step(double t)" }) })
  function car:step(t) return self.x + t end
  local keep = {}
  for i = 1, live do keep[i] = car() end
  local function other(self, t) return self.x - t end
  return function(n)
    for _ = 1, n do molt.override(car, "step", other):remove() end
    return keep[1]:step(1)
  end
end

-- Each run gives all of them another layout: a field more, or one less.
local function migration_of(live)
  local with = { "double more = 4", "double x = 1", "float y = 2", "int32_t z = 3" }
  local without = { "double x = 1", "float y = 2", "int32_t z = 3" }
  local car = molt.class("Car", { (molt.trait("Moving", without)) })
  local keep, wide = {}, false
  for i = 1, live do keep[i] = car() end
  return {
    before = function() collectgarbage() collectgarbage() end,
    run = function()
      wide = not wide
      molt.trait("Moving", wide and with or without)
      return keep[live].x
    end,
  }
end

local function reload(build)
  local ours, theirs = require("lib.swap").new(build), require("lib.swap").new(build)
  local module = assert(molt.load(ours.path))
  local car = molt.class("Car", { module.Gauge })
  function car.answer() return 0 end
  local keep = {}
  for i = 1, 1000 do keep[i] = car() end
  local library, number = ffi.load(build .. "/tests/bench/direct.so"), 0
  local folder = os.getenv "TMPDIR" or "/tmp"
  local at_once = { probe = false }                -- the floor has none either
  return {
    { before = ours.exchange, run = function()
      assert(module:reload(at_once))
      molt.tick()
      return keep[1]:advance(1)
    end },
    { before = theirs.exchange, run = function()
      number = number + 1
      assert(library.direct_floor(theirs.path, folder, number) == 0)
    end },
  }
end

return {
  section = "change",
  time = 4e6,
  { name = "attach + detach from C, no fields", limit = 66, host = "attach" },
  { name = "attach + detach from C, three fields", limit = 150, host = "attach-fields" },
  { name = "attach + detach from C, no fields, Lua holds the objects", limit = 66, host = "attach-lua" },
  { name = "attach + detach from C, three fields, Lua holds the objects", limit = 150, host = "attach-fields-lua" },
  { name = "attach + detach from Lua, no fields", limit = 400,
    run = function() return { attach_loop { "double heat2(double t)", heat2 = function() return 0 end } } end },
  { name = "attach + detach from Lua, three fields", limit = 400,
    run = function() return { attach_loop { "double heat = 1", "double loss = 1", "double gain = 1" } } end },
  { name = "class override + removal, 1,000 live", limit = 10000, run = function() return { override_with(1000) } end },
  { name = "class override + removal, 100,000 live", limit = 10000,
    run = function() return { override_with(100000) } end },
  { name = "class override + removal, 1,000,000 live", limit = 10000, slow = true,
    run = function() return { override_with(1000000) } end },
  { name = "migration to a new layout, each of 1,000,000 live", limit = 120, slow = true, n = 1000000, repetitions = 5,
    run = function() return { migration_of(1000000) } end },
  { name = "module reload, tick included", bar = 3, peer = "copy, dlopen, dlsym, dlclose", n = 1, repetitions = 300,
    statistic = "median", run = reload },
  { name = "molt.tick() with nothing to do", limit = 100, batch = 100, run = function()
    return { measure.compile([[
local tick = ...
return function(n)
  for _ = 1, n do tick() end
  return n
end]], molt.tick) }
  end },
}
