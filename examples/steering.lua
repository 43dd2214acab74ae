-- A fox goes to the hen house and slows down as it comes near. The steering is
-- natives/steering.c; what the fox wants is Lua.

local molt = require "molt"

local steering = assert(molt.load "steering")
local Fox = molt.class("Fox", { steering.Steering })

function Fox:think(house)
  self:arrive(house.x, house.y, 80)
end

local fox = Fox { max_speed = 50, max_force = 120 }
local house = { x = 200, y = 150 }

for frame = 0, 480 do
  if frame % 60 == 0 then
    print(("%d s  at %3.0f, %3.0f  speed %2.0f"):format(frame / 60, fox.x, fox.y, fox:speed()))
  end
  fox:think(house)
  fox:update(1 / 60)
end

--[[
0 s  at   0,   0  speed  0
1 s  at  15,  11  speed 32
2 s  at  46,  34  speed 43
3 s  at  83,  62  speed 48
4 s  at 121,  91  speed 49
5 s  at 160, 120  speed 45
6 s  at 189, 142  speed 27
7 s  at 204, 153  speed 11
8 s  at 208, 156  speed  1
]]
