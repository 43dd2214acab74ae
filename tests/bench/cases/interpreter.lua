-- The same work under `luajit -joff`.

local molt = require "molt"
local measure = require "lib.measure"
local plain = require "lib.plain"

local COUNT = 100

local LOOP = [[
local objects, count = ...
return function(n)
  for _ = 1, n / count do
    for i = 1, count do objects[i]:step(0.5) end
  end
  return objects[1].x + objects[count].x
end]]

local function side_by_side(lines, set)
  local class, peer = molt.class("Car", { molt.trait("Moving", lines) }), plain.class()
  class.step = measure.compile(plain.STEP)
  local objects, peers = {}, {}
  for i = 1, COUNT do
    objects[i], peers[i] = class(), peer.new()
    if set then objects[i].x, objects[i].v = 0, 1 end
  end
  return { measure.compile(LOOP, objects, COUNT), measure.compile(LOOP, peers, COUNT) }
end

return {
  section = "interpreter (-joff)",
  interpreted = true,
  batch = COUNT,
  { name = "Lua-only method and fields", bar = 1.5, run = function()
    return side_by_side({ "any x", "any v", "double limit = 100" }, true)
  end },
  { name = "method + 3 typed-field operations", bar = 8, run = function()
    return side_by_side { "double x = 0", "double v = 1", "double limit = 100" }
  end },
}
