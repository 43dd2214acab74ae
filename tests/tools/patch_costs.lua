-- What patches and edits cost, as docs/traits/patches.md tells. In the build folder's
-- environment: ./molt run tests/tools/patch_costs.lua FOLDER-OF-gauge.so

local molt = require "molt"

local gauge = assert(molt.load((... or "build/tests/natives") .. "/gauge"))
local Gauge = molt.find "Gauge"

-- The least of several runs of fn(n), in ns for one of n.
local function measure(name, n, fn)
  local least = math.huge
  for _ = 1, 7 do
    collectgarbage()
    local start = os.clock()
    fn(n)
    least = math.min(least, (os.clock() - start) / n)
  end
  print(("%-45s %10.1f ns"):format(name, least * 1e9))
end

local function body(self, by)
  self.level = self.level + by
  return self.level
end

local function noop() end
local function pass(next, self, by) return next(self, by) end

local Voice = molt.trait("Voice", { "double level = 2", "double value(double by)", value = body })
local classes = 0

local function new_class(trait)
  classes = classes + 1
  return molt.class("Class" .. classes, { trait or Voice })
end

local function objects(class, count)
  local list = {}
  for i = 1, count do list[i] = class() end
  return list
end

-- A loop of its own for each, so that each is compiled for itself.
local function calls(name, list, method)
  measure("call, " .. name, 1e6, loadstring(([[
    local list = ...
    return function(n)
      for _ = 1, n / #list do
        for i = 1, #list do list[i]:%s(1) end
      end
    end]]):format(method or "value"))(list))
end

local Car = new_class()
local cars = objects(Car, 1000)
calls("unpatched", cars)
for _, verb in ipairs { "override", "before", "after", "around" } do
  molt[verb](Car, "value", verb == "override" and body or verb == "around" and pass or noop)
  calls(verb .. " of the class", cars)
  molt.restore(Car)
  local fn = verb == "override" and body or verb == "around" and pass or noop
  for _, o in ipairs(cars) do molt[verb](o, "value", fn) end
  calls(verb .. " of each of 1,000 objects", cars)
  for _, o in ipairs(cars) do molt.restore(o) end
end
for _, method in ipairs { "value", "poke" } do
  local Native = new_class(Gauge)
  molt.use(Native, gauge.Gauge)
  local list = objects(Native, 1000)
  local kind = method == "value" and "leaf" or "native"
  calls(kind .. " method", list, method)
  molt.around(Native, method, pass)
  calls("around of the class, " .. kind, list, method)
end

local o = cars[1]
measure("override and remove, object", 1e5, function(n)
  for _ = 1, n do molt.override(o, "value", noop):remove() end
end)
measure("around and remove, object", 1e5, function(n)
  for _ = 1, n do molt.around(o, "value", pass):remove() end
end)
for _, count in ipairs { 1, 1e6 } do
  local class = new_class()
  local list = objects(class, count)
  local of = (", %d objects"):format(#list)
  measure("override and remove, class" .. of, 1e4, function(n)
    for _ = 1, n do molt.override(class, "value", noop):remove() end
  end)
  measure("around and remove, class" .. of, 1e4, function(n)
    for _ = 1, n do molt.around(class, "value", pass):remove() end
  end)
  measure("function on the class" .. of, 1e4, function(n) for _ = 1, n do class.value = noop end end)
end

local Solo = molt.trait("Solo", { "double level = 2", "double value(double by)", value = noop })
local class = new_class(Solo)
local list = objects(class, 1e5)
measure("function on a trait, 1 shape", 1e4, function(n) for _ = 1, n do Solo.value = noop end end)
local impl = molt.impl(Solo, { value = noop })
measure("use and drop, implementation", 1e4, function(n)
  for _ = 1, n do
    molt.use(class, impl)
    molt.drop(class, impl)
  end
end)
local Extra = molt.trait("Extra", { "double extra = 1" })
measure("use and drop, trait, for each object", 2 * #list, function()
  for _ = 1, 2 do
    molt.use(class, Extra)
    molt.drop(class, Extra)
  end
end)
for _ = 1, 99 do list[#list + 1] = new_class(Solo)() end
measure("function on a trait, 100 shapes", 1e3, function(n) for _ = 1, n do Solo.value = noop end end)
measure("attach and detach", 1e6, function(n) for _ = 1, n do molt.detach(molt.attach(o, Extra), Extra) end end)
measure("module:reload and tick", 20, function(n)
  for _ = 1, n do
    assert(molt.load((gauge.file:gsub("%.so$", ""))):reload())
    molt.tick()
  end
end)
