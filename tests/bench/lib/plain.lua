-- plain: the plain-table class idiom, what most Lua classes come down to.

local measure = require "lib.measure"

local plain = {}

-- One write and two reads of fields: the work of every method that is measured.
plain.STEP = "return function(self, t) self.x = self.x + self.v * t end"

function plain.class()
  local class = measure.compile [[
local Class = {}
Class.__index = Class
function Class.new() return setmetatable({ x = 0, v = 1, limit = 100 }, Class) end
return Class]]
  class.step = measure.compile(plain.STEP)
  return class
end

return plain
