-- Typed fields straight in a loop, and a program of many classes.

local molt = require "molt"
local measure = require "lib.measure"
local plain = require "lib.plain"

local COUNT = 1000

local LOOP = [[
local objects, count = ...
return function(n)
  for _ = 1, n / count do
    for i = 1, count do
      local o = objects[i]
      o.x = o.x + o.v * 0.5
    end
  end
  return objects[1].x + objects[count].x
end]]

local function moving()
  return molt.trait("Moving", { "double x = 0", "double v = 1", "double limit = 100" })
end

local function direct(by_view)
  local trait = moving()
  local class, peer = molt.class("Car", { trait }), plain.class()
  local keep, objects, peers = {}, {}, {}
  for i = 1, COUNT do
    keep[i], peers[i] = class(), peer.new()
    objects[i] = by_view and molt.as(keep[i], trait) or keep[i]
  end
  return { measure.compile(LOOP, objects, COUNT), measure.compile(LOOP, peers, COUNT) }
end

-- 300 classes of 4 methods, 10 objects of each; one update loop for all of them.
local CLASSES, EACH = 300, 10

local METHODS = {
  steer = "return function(self, t) self.x = self.x + self.v * t end",
  brake = "return function(self, t) if self.x > self.limit then self.x = 0 end return self.x * t end",
  draw = "return function(self) return self.x + self.v end",
  update = "return function(self, t) self:steer(t) local b = self:brake(t) return b + self:draw() end",
}

local FRAMES = [[
local objects = ...
return function(n)
  local sum = 0
  for _ = 1, n / #objects do
    for i = 1, #objects do sum = sum + objects[i]:update(0.5) end
  end
  return sum
end]]

local function fill(class)
  local iterate = next
  for name, text in iterate, METHODS do class[name] = measure.compile(text) end
end

local function program_molt()
  local objects = {}
  for number = 1, CLASSES do
    local trait = molt.trait("Trait" .. number, { "double x = 0", "double v = 1", "double limit = 100" })
    local class = molt.class("Class" .. number, { trait })
    fill(class)
    for i = 1, EACH do objects[(i - 1) * CLASSES + number] = class() end
  end
  return measure.compile(FRAMES, objects)
end

local function program_plain()
  local objects = {}
  for number = 1, CLASSES do
    local class = plain.class()
    fill(class)
    for i = 1, EACH do objects[(i - 1) * CLASSES + number] = class.new() end
  end
  return measure.compile(FRAMES, objects)
end

local FRAME = CLASSES * EACH

-- Whole-cache flushes while 400 frames run, after 100 that may still compile.
local function flushes(run)
  run(FRAME * 100)
  local count = 0
  local function listen(what)
    if what == "flush" then count = count + 1 end
  end
  jit.attach(listen, "trace")
  run(FRAME * 400)
  jit.attach(listen)
  return count
end

return {
  section = "typed fields and large programs",
  { name = "field access in a loop, by object", bar = 2.2, batch = COUNT, run = function() return direct(false) end },
  { name = "field access in a loop, by view", bar = 1.5, batch = COUNT, run = function() return direct(true) end },
  { name = "300 classes of 4 methods", bar = 1.15, batch = FRAME, separate = true, time = 20e6,
    run = function(_, only) return { only == 1 and program_molt() or program_plain() } end },
  { name = "… whole-cache flushes in 400 frames", limit = 0, unit = "", separate = true,
    value = function(_, only) return flushes(only == 1 and program_molt() or program_plain()) end },
}
