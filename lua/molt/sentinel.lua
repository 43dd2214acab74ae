-- molt.sentinel: the death of an object is noticed, and its end put off.
--
--   object ── [KEY] ─▶ userdata with a finalizer ── environment ─▶ object
--
-- The collector finds both dead at once, and keeps them for the finalizer, which runs
-- nothing but puts the object on a list that the next sweep goes through.

local core = require "molt.core"
local border = require "molt.border"
local bodies = require "molt.bodies"
local registry = require "molt.registry"

local sentinel = {}

local rawget, rawset = rawget, rawset
local state = border.state

-- Under this key of its table an armed object has its sentinel.
sentinel.KEY = setmetatable({}, { __tostring = function() return "molt's sentinel" end })
local KEY = sentinel.KEY

-- Sentinels share a metatable: that of this one.
local first = newproxy(true)
getmetatable(first).__gc = function(guard)
  local o = debug.getfenv(guard)
  if bodies.closed or not bodies.of(o) then return end
  if rawget(o, KEY) ~= guard then return end     -- memory ran out before it was put there: the object lives
  registry.doomed[#registry.doomed + 1] = o
  state.collected = 1          -- see sweep.c
end

function sentinel.arm(o)
  if rawget(o, KEY) ~= nil then return end
  core.set_armed(o, true)
  local guard = newproxy(first)
  debug.setfenv(guard, o)
  rawset(o, KEY, guard)
end

function sentinel.disarm(o)
  local guard = rawget(o, KEY)
  if guard == nil then return end
  core.set_armed(o, false)
  debug.setmetatable(guard, nil)
  rawset(o, KEY, nil)
end

-- Has the object something to run at its end?
function sentinel.is_armed(o)
  return rawget(o, KEY) ~= nil
end

return sentinel
