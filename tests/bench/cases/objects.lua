-- A method that writes one typed field and reads two, on 1,000 objects.

local molt = require "molt"
local measure = require "lib.measure"
local plain = require "lib.plain"

local COUNT = 1000

local LOOP = [[
local objects, count = ...
return function(n)
  for _ = 1, n / count do
    for i = 1, count do objects[i]:step(0.5) end
  end
  return objects[1].x + objects[count].x
end]]

local function loop(objects) return measure.compile(LOOP, objects, COUNT) end

local function moving()
  return molt.trait("Moving", { "double x = 0", "double v = 1", "double limit = 100" })
end

local number = 0
local function molt_class(...)
  number = number + 1
  local class = molt.class("Class" .. number, { moving(), ... })
  class.step = measure.compile(plain.STEP)
  return class
end

local orders = {
  one = function() return 1 end,
  random = function()
    local seed = 12345
    return function()
      seed = (seed * 1103515245 + 12345) % 2147483648
      return math.floor(seed / 65536) % 4 + 1
    end
  end,
  turn = function(i) return (i - 1) % 64 + 1 end,
}

-- 1,000 objects of so many classes, in an order; `new(class)` makes one.
local function objects_of(classes, pick, make_class, new)
  local of, objects = {}, {}
  for i = 1, classes do of[i] = make_class() end
  for i = 1, COUNT do objects[i] = new(of[pick(i)], i) end
  return objects, of
end

local function molt_new(class) return class() end
local function plain_new(class) return class.new() end

local function side_by_side(classes, pick, decorate, molt_maker)
  decorate = decorate or function(o) return o end
  local function picker() return pick == orders.random and pick() or pick end
  return {
    loop((objects_of(classes, picker(), molt_maker or molt_class, function(c, i) return decorate(molt_new(c), i) end))),
    loop((objects_of(classes, picker(), plain.class, function(c, i) return decorate(plain_new(c), i) end))),
  }
end

local function with_lua_values(o, i)
  o.driver = "driver " .. i
  o.tags = {}
  return o
end

local function declared()
  return molt_class(molt.trait("Driven", { "any driver", "any tags" }))
end

-- The same loop on objects that something happens to once it is hot, and on
-- objects that nothing happens to.
local function before_and_after(happen, make)
  local class = make and make() or molt_class()
  local touched, untouched = {}, {}
  for i = 1, COUNT do touched[i] = class() end
  local run = loop(touched)
  run(COUNT * 300)
  local other = make and make() or molt_class()
  for i = 1, COUNT do untouched[i] = other() end
  happen(class, touched)
  return { run, loop(untouched) }
end

-- Each is patched as it is made.
local function patched_objects()
  local patch = measure.compile(plain.STEP)
  return (objects_of(1, orders.one, molt_class, function(class)
    local o = class()
    molt.override(o, "step", patch)
    return o
  end))
end

local cases = {
  section = "method + 3 typed-field operations",
  batch = COUNT,
  { name = "one class", bar = 0.9, run = function() return side_by_side(1, orders.one) end },
  { name = "4 classes at random", bar = 0.9, run = function() return side_by_side(4, orders.random) end },
  { name = "64 classes in turn", bar = 1.0, run = function() return side_by_side(64, orders.turn) end },
  { name = "one class, declared Lua-valued fields", bar = 1.3,
    run = function() return side_by_side(1, orders.one, with_lua_values, declared) end },
  { name = "one class, undeclared Lua-valued fields", bar = 1.3,
    run = function() return side_by_side(1, orders.one, with_lua_values) end },
  { name = "4 classes at random, declared Lua-valued fields", bar = 1.3,
    run = function() return side_by_side(4, orders.random, with_lua_values, declared) end },
  { name = "4 classes at random, undeclared Lua-valued fields", bar = 1.3,
    run = function() return side_by_side(4, orders.random, with_lua_values) end },
  { name = "after class overrides", bar = 1.1, peer = "untouched", run = function()
    return before_and_after(function(class)
      for _ = 1, 5 do molt.override(class, "step", measure.compile(plain.STEP)) end
    end)
  end },
  { name = "with an attached trait", bar = 1.1, peer = "untouched", run = function()
    local heat = molt.trait("Heat", { "double heat = 1" })
    return before_and_after(function(_, objects)
      for _, o in ipairs(objects) do molt.attach(o, heat) end
    end)
  end },
  { name = "after a module reload", bar = 1.1, peer = "untouched", run = function(build)
    local swap = require "lib.swap"
    local file = swap.new(build)
    local module = assert(molt.load(file.path))
    local function make()
      local class = molt_class(module.Gauge)
      function class.answer() return 0 end
      return class
    end
    return before_and_after(function()
      for _ = 1, 3 do
        file.exchange()
        assert(module:reload())
        molt.tick()
      end
    end, make)
  end },
  { name = "patched objects", bar = 1.3, run = function()
    return { loop(patched_objects()), loop((objects_of(1, orders.one, plain.class, plain_new))) }
  end },
  { name = "patched objects, beside patched plain tables", bar = 1.3, peer = "a raw field holds the method",
    run = function()
      local patch = measure.compile(plain.STEP)
      local function new_patched(class)
        local o = class.new()
        o.step = patch
        return o
      end
      return { loop(patched_objects()), loop((objects_of(1, orders.one, plain.class, new_patched))) }
    end },
  { name = "patched by an attached trait", bar = 1.3, run = function()
    local trait = molt.trait("Patch", { step = measure.compile(plain.STEP) })
    local objects = objects_of(1, orders.one, molt_class, function(class) return molt.attach(class(), trait) end)
    return { loop(objects), loop((objects_of(1, orders.one, plain.class, plain_new))) }
  end },
}

return cases
