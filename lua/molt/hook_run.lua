-- molt.hook_run: which hooks an object has, which of them wait, and running them.
--
-- Each trait has its own `attached` and `detached`; the core says which, and in
-- which order (core/src/hook.h). `final` is a method like any other, called last.
-- `traits` is a short list of their handles everywhere.

local core = require "molt.core"
local bodies = require "molt.bodies"
local check = require "molt.check"
local sentinel = require "molt.sentinel"

local hook_run = {}

local weak = { __mode = "k" }
local waiting = setmetatable({}, weak)     -- object -> trait -> its `attached` has not run yet; "final": nor has init
local leaving = setmetatable({}, weak)     -- object -> trait -> its `detached` runs or has run

hook_run.waiting, hook_run.leaving = waiting, leaving

local running = 0                          -- hooks on the stack

-- Does a hook run?
function hook_run.running()
  return running > 0
end

-- Is the trait in the list? All are where there is none.
local function concerns(traits, trait)
  if not traits then return true end
  for i = 1, #traits do
    if traits[i] == trait then return true end
  end
  return false
end

hook_run.concerns = concerns

local function explain(err, entry)
  if check.yielded(err, "hook") then
    return select(2, pcall(check.raise, "yield", ("hook '%s' tried to yield"):format(entry.label),
      "a hook runs to its end; start a coroutine in it for what takes longer"))
  end
  return err
end

-- Runs one hook; true, or false and its error.
function hook_run.run(o, entry)
  running = running + 1
  local ok, err = core.guarded(entry.run, o)
  running = running - 1
  if ok then return true end
  return false, explain(err, entry)
end

local run = hook_run.run

local function describe(o)
  local _, _, name = core.object_info(o)
  return name or "an object"
end

function hook_run.log(o, err)
  core.log_error(("%s: %s"):format(describe(o), tostring(err)))
end

local function labelled(list, kind)
  for _, entry in ipairs(list) do entry.label = ("%s.%s"):format(entry.name, kind) end
  return list
end

-- What runs for objects of a shape: { attached, detached, final, ends }; false: nothing.
function hook_run.plan(shape)
  local plan = shape.hooks
  if plan ~= nil then return plan end
  local attached = labelled(core.hooks(shape.id, false), "attached")
  local detached = labelled(core.hooks(shape.id, true), "detached")
  local final = shape.methods.final
  local ends = final ~= nil or #detached > 0
  plan = (ends or #attached > 0) and { attached = attached, detached = detached, final = final, ends = ends }
  shape.hooks = plan
  return plan
end

local plan_of = hook_run.plan

-- Is there something to run at the end?
function hook_run.arm_if(o, plan)
  if plan and plan.ends then sentinel.arm(o) end
end

-- Runs `attached` of those of the traits (nil: of all) that wait for
-- it. On an error: false, the error, and the traits whose hooks have run.
function hook_run.gain(o, entries, traits)
  local wait, done, n = waiting[o], {}, 0
  for i = 1, #entries do done[i] = false end   -- once a hook has run, nothing may fail for want of memory
  for i = 1, #entries do
    local entry = entries[i]
    local shape = bodies.of(o)
    if not shape then break end            -- a hook ended it
    local concerned = concerns(traits, entry.trait)
    if concerned and wait[entry.trait] and shape.has[entry.trait] then
      local ok, err = run(o, entry)
      if not ok then return false, err, done end
      wait[entry.trait] = nil
      n = n + 1
      done[n] = entry.trait
    end
  end
  return true
end

-- Runs `detached` of the traits (nil: of all), in reverse; returns
-- the first error.
function hook_run.lose(o, traits)
  local shape, failure = bodies.of(o), nil
  local entries = (plan_of(shape) or {}).detached or {}
  local left = leaving[o] or {}
  leaving[o] = left
  for i = #entries, 1, -1 do
    local entry = entries[i]
    local concerned = concerns(traits, entry.trait)
    local wait = waiting[o]
    if concerned and not left[entry.trait] and not (wait and wait[entry.trait]) and bodies.of(o) then
      left[entry.trait] = true
      local ok, err = run(o, entry)
      if not ok and failure == nil then failure = err end
    end
  end
  return failure
end

-- The hooks of the traits (nil: of all) have not run yet.
function hook_run.await(o, shape, traits)
  local wait, plan = waiting[o] or {}, plan_of(shape)
  for _, list in ipairs { plan.attached, plan.detached } do
    for _, entry in ipairs(list) do
      if concerns(traits, entry.trait) then
        wait[entry.trait] = true
        if leaving[o] then leaving[o][entry.trait] = nil end
      end
    end
  end
  waiting[o] = wait          -- whole, or not at all where memory runs out
  return wait
end

-- Takes the traits (nil: all) out of what is waiting, or leaving.
function hook_run.forget(of, o, traits)
  local set = of[o]
  if not set then return end
  for i = 1, traits and #traits or 0 do set[traits[i]] = nil end
  if not traits or next(set) == nil then of[o] = nil end
end

-- An error of an undone step has the step's own error before it: it goes to the log.
function hook_run.lose_logged(o, traits)
  local err = bodies.of(o) and hook_run.lose(o, traits)
  if err ~= nil and err ~= false then hook_run.log(o, err) end
end

-- Sentinels are for those who need one.
function hook_run.settle(o)
  local shape = bodies.of(o)
  if not shape then return end
  local plan = plan_of(shape)
  if not (plan and plan.ends) then sentinel.disarm(o) end
end

return hook_run
