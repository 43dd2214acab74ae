-- molt.iterate: going through the living.

local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local object = require "molt.object"

local iterate = {}

-- A filter over shapes, with its answers remembered: they do not change.
local function filter_for(verb, what)
  if what == nil then return function() return true end end
  local record = handle.record(what)
  if not record or (record.kind ~= "trait" and record.kind ~= "class") then
    check.argument(1, verb, "trait or class", what)
  end
  local answers = record.answers or {}
  record.answers = answers
  return function(shape)
    local answer = answers[shape]
    if answer ~= nil then return answer end
    if record.kind == "class" then
      answer = object.extends(shape.class, record)
    else
      answer = false
      for _, part in ipairs(shape.info.parts) do answer = answer or part.trait == record.pointer end
    end
    answers[shape] = answer
    return answer
  end
end

-- for o in molt.each(T) do … end: the objects of a trait or class (subclasses
-- included; of everything without an argument) in order of creation
function iterate.each(what)
  return registry.each(filter_for("each", what))
end

-- molt.count(T)
function iterate.count(what)
  return registry.count(filter_for("count", what))
end

return iterate
