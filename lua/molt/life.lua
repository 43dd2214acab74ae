-- molt.life: hooks at both ends of an object's life.
--
--   construction   init, attached of A, attached of B       A is required by B
--   the end        detached of B, detached of A, final
--
-- An object that has something to run at its end is armed (molt.sentinel): when it
-- has died its hooks run, and it ends, in the next sweep, in ordinary context.
-- Objects without such hooks know nothing of all this.

local core = require "molt.core"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local registry = require "molt.registry"
local check = require "molt.check"
local hook_run = require "molt.hook_run"

local life = {}

local rawget = rawget
local waiting, run, log = hook_run.waiting, hook_run.run, hook_run.log
local ending = setmetatable({}, { __mode = "k" })      -- objects whose end has begun

local function finish(o)
  if bodies.of(o) then check.result(core.finish(o)) end
end

function life.is_ending(o)
  return ending[o]
end

-- Runs what an object's end asks for; returns the first error.
function life.ending(o)
  if ending[o] then return nil end
  ending[o] = true
  local err = hook_run.lose(o)
  local shape = bodies.of(o)
  local plan = shape and hook_run.plan(shape)
  if plan and plan.final and not (waiting[o] and waiting[o].final) then
    local ok, why = run(o, { run = rawget(o, "final") or plan.final, label = "final" })
    if not ok and err == nil then err = why end
  end
  return err
end

-- An object's life begins: nothing runs at its end that did not begin.
function life.begin(o)
  local shape = bodies.of(o)
  local plan = hook_run.plan(shape)
  if not plan then return end
  hook_run.await(o, shape).final = true
  hook_run.arm_if(o, plan)
end

-- It has been made, and initialised: the traits that it was born with are attached.
-- If a hook fails, the object ends, and the error is raised.
function life.born(o)
  local shape, wait = bodies.of(o), waiting[o]
  if not shape then return end
  local plan = hook_run.plan(shape)
  hook_run.arm_if(o, plan)
  if not wait then return end
  wait.final = nil
  local ok, err = hook_run.gain(o, plan and plan.attached or {})
  if ok then
    waiting[o] = nil
    return
  end
  local more = bodies.of(o) and life.ending(o)
  if more then log(o, more) end
  finish(o)
  error(err, 0)
end

-- What the collector found dead ends now: called by the sweep, in ordinary context.
local burying = false

local function bury(o)
  if not bodies.of(o) then return end
  local err = life.ending(o)
  if err ~= nil then log(o, err) end
  finish(o)
end

function shapes.hooks.bury()
  if burying then return end
  burying = true
  local list = registry.doomed
  while list[1] do
    local o = table.remove(list)
    local ok, err = pcall(bury, o)
    if not ok then core.log_error(tostring(err)) end
  end
  burying = false
end

return life
