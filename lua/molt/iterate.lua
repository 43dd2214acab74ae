-- molt.iterate: going through the living.

local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local compose = require "molt.compose"

local iterate = {}

local select = select

-- A filter over shapes, with its answers remembered: they do not change.
local function filter_for(verb, what)
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
      answer = shape.has[record.pointer] or false
    end
    answers[shape] = answer
    return answer
  end
end

local function every()
  return true
end

-- No argument means everything; a nil that is given is most likely a misspelt variable.
local function expect_none(verb, count)
  if count == 0 then return end
  check.raise("argument", ("bad argument #1 to '%s' (trait or class expected, got nil)"):format(verb),
    ("without an argument, molt.%s() goes through all objects"):format(verb))
end

-- The handle of the class and of the trait to go through.
local function subject(what)
  local record = handle.record(what)
  if record.kind == "class" then return record.pointer, nil end
  return nil, record.pointer
end

-- for o in molt.each(T) do … end: the objects of a trait or class (subclasses
-- included; of everything without an argument) in order of creation
function iterate.each(...)
  local what = ...
  if what == nil then
    expect_none("each", select("#", ...))
    return registry.each(every)
  end
  local filter = filter_for("each", what)
  local class, trait = subject(what)
  return registry.each_of(class, trait, filter)
end

-- molt.count(T): how many there are
function iterate.count(...)
  local what = ...
  if what == nil then
    expect_none("count", select("#", ...))
    return registry.count(every)
  end
  local filter = filter_for("count", what)
  local class, trait = subject(what)
  return registry.count_of(class, trait, filter)
end

return iterate
