-- Doors that open along a curve: five curves in C, and one that Lua puts over
-- them. C asks for the curve through the object, so it finds Lua's too.

local molt = require "molt"

local tween = assert(molt.load "tween")

-- The angle at eight moments.
local function show(curve, door)
  local angles = {}
  door:restart()
  for step = 1, 8 do
    door:update(0.125)
    angles[step] = ("%3.0f"):format(door:value())
  end
  print(("%-10s %s   ease: %s"):format(curve, table.concat(angles, " "), molt.methods(door).ease.where))
end

for _, curve in ipairs { "Linear", "QuadIn", "QuadOut", "QuadInOut", "Bounce" } do
  local Door = molt.class(curve .. "Door", { tween[curve] })
  show(curve, Door { to = 90, duration = 1 })
end

local Door = molt.find "BounceDoor"
local door = Door { to = 90, duration = 1 }
Door.ease = function(_, t) return t ^ 5 end
show("t ^ 5", door)
Door.ease = nil                          -- what it hid is there again
show("Bounce", door)

--[[
Linear      11  23  34  45  56  68  79  90   ease: tween generation 1
QuadIn       1   6  13  23  35  51  69  90   ease: tween generation 1
QuadOut     21  39  55  68  77  84  89  90   ease: tween generation 1
QuadInOut    3  11  25  45  65  79  87  90   ease: tween generation 1
Bounce      11  43  87  69  72  88  87  90   ease: tween generation 1
t ^ 5        0   0   1   3   9  21  46  90   ease: examples/tween.lua:26
Bounce      11  43  87  69  72  88  87  90   ease: tween generation 1
]]
