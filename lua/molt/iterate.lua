-- molt.iterate: going through the living.

local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local compose = require "molt.compose"

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
      answer = compose.extends(shape.class, record)
    else
      answer = false
      for _, part in ipairs(shape.info.parts) do answer = answer or part.trait == record.pointer end
    end
    answers[shape] = answer
    return answer
  end
end

-- The handle of the class and of the trait to go through; nil for both: everything.
local function subject(what)
  local record = what ~= nil and handle.record(what)
  if not record then return nil, nil end
  if record.kind == "class" then return record.pointer, nil end
  return nil, record.pointer
end

-- for o in molt.each(T) do … end: the objects of a trait or class (subclasses
-- included; of everything without an argument) in order of creation
function iterate.each(what)
  local filter = filter_for("each", what)
  if what == nil then return registry.each(filter) end
  local class, trait = subject(what)
  return registry.each_of(class, trait, filter)
end

-- molt.count(T)
function iterate.count(what)
  local filter = filter_for("count", what)
  if what == nil then return registry.count(filter) end
  local class, trait = subject(what)
  return registry.count_of(class, trait, filter)
end

return iterate
