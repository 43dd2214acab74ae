-- molt.hook: attached, detached and final.
--
-- Each trait has its own `attached` and `detached`; the core says which, and in
-- which order (core/src/hook.h). `final` is a method like any other, called last.
--
--   construction   init, attached of A, attached of B       A is required by B
--   the end        detached of B, detached of A, final
--
-- An object that has something to run at its end is armed (molt.sentinel): when it
-- has died its hooks run, and it ends, in the next sweep, in ordinary context.
-- Objects without such hooks know nothing of all this.

local core = require "molt.core"
local border = require "molt.border"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local registry = require "molt.registry"
local check = require "molt.check"
local sentinel = require "molt.sentinel"

local hook = {}

local rawget = rawget
local objects, state = border.objects, border.state

local weak = { __mode = "k" }
local waiting = setmetatable({}, weak)     -- object -> trait -> its `attached` has not run yet; "final": nor has init
local leaving = setmetatable({}, weak)     -- object -> trait -> its `detached` runs or has run
local ending = setmetatable({}, weak)      -- objects whose end has begun

local running = 0                          -- hooks on the stack

-- Does a hook run?
function hook.running()
  return running > 0
end

local function explain(err, entry)
  if check.yielded(err, "hook") then
    return select(2, pcall(check.raise, "yield", ("hook '%s' tried to yield"):format(entry.label),
      "a hook runs to its end; start a coroutine in it for what takes longer"))
  end
  return err
end

-- Runs one hook; true, or false and its error.
local function run(o, entry)
  running = running + 1
  local ok, err = core.guarded(entry.run, o)
  running = running - 1
  if ok then return true end
  return false, explain(err, entry)
end

local function describe(o)
  local _, _, name = core.object_info(o)
  return name or "an object"
end

local function log(o, err)
  core.log_error(("%s: %s"):format(describe(o), tostring(err)))
end

local function labelled(list, kind)
  for _, entry in ipairs(list) do entry.label = ("%s.%s"):format(entry.name, kind) end
  return list
end

-- What runs for objects of a shape: { attached, detached, final, ends }; false: nothing.
function hook.plan(shape)
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

local plan_of = hook.plan

local function arm_if(o, plan)
  if plan and plan.ends then sentinel.arm(o) end
end

-- Runs `attached` of those of the traits (handle -> true; nil: of all) that wait for
-- it. On an error: false, the error, and the traits whose hooks have run.
local function gain(o, entries, traits)
  local wait, done, n = waiting[o], {}, 0
  for i = 1, #entries do done[i] = false end   -- once a hook has run, nothing may fail for want of memory
  for i = 1, #entries do
    local entry = entries[i]
    local shape = bodies.of(o)
    if not shape then break end            -- a hook ended it
    local concerned = not traits or traits[entry.trait]
    if concerned and wait[entry.trait] and hook.has(shape, entry.trait) then
      local ok, err = run(o, entry)
      if not ok then return false, err, done end
      wait[entry.trait] = nil
      n = n + 1
      done[n] = entry.trait
    end
  end
  return true
end

function hook.has(shape, trait)
  local parts = shape.info.parts
  for i = 1, #parts do
    if parts[i].trait == trait then return true end
  end
  return false
end

-- Runs `detached` of the traits (handle -> true; nil: of all), in reverse; returns
-- the first error.
local function lose(o, traits)
  local shape, failure = bodies.of(o), nil
  local entries = (plan_of(shape) or {}).detached or {}
  local left = leaving[o] or {}
  leaving[o] = left
  for i = #entries, 1, -1 do
    local entry = entries[i]
    local concerned = not traits or traits[entry.trait]
    local wait = waiting[o]
    if concerned and not left[entry.trait] and not (wait and wait[entry.trait]) and bodies.of(o) then
      left[entry.trait] = true
      local ok, err = run(o, entry)
      if not ok and failure == nil then failure = err end
    end
  end
  return failure
end

local function await(o, shape, traits)
  local wait, plan = waiting[o] or {}, plan_of(shape)
  for _, list in ipairs { plan.attached, plan.detached } do
    for _, entry in ipairs(list) do
      if not traits or traits[entry.trait] then
        wait[entry.trait] = true
        if leaving[o] then leaving[o][entry.trait] = nil end
      end
    end
  end
  waiting[o] = wait          -- whole, or not at all where memory runs out
  return wait
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

local function forget(of, o, traits)
  local set = of[o]
  if not set then return end
  if traits then
    local iterate = next
    for t in iterate, traits do set[t] = nil end
  end
  if not traits or next(set) == nil then of[o] = nil end
end

-- An error of an undone step has the step's own error before it: it goes to the log.
local function lose_logged(o, traits)
  local err = bodies.of(o) and lose(o, traits)
  if err ~= nil and err ~= false then log(o, err) end
end

local function finish(o)
  if bodies.of(o) then check.result(core.finish(o)) end
end

-- An object's life begins: nothing runs at its end that did not begin.
function hook.begin(o)
  local shape = bodies.of(o)
  local plan = plan_of(shape)
  if not plan then return end
  await(o, shape).final = true
  arm_if(o, plan)
end

-- It has been made, and initialised: the traits that it was born with are attached.
-- If a hook fails, the object ends, and the error is raised.
function hook.born(o)
  local shape, wait = bodies.of(o), waiting[o]
  if not shape then return end
  local plan = plan_of(shape)
  arm_if(o, plan)
  if not wait then return end
  wait.final = nil
  local ok, err = gain(o, plan and plan.attached or {})
  if ok then
    waiting[o] = nil
    return
  end
  local more = bodies.of(o) and hook.ending(o)
  if more then log(o, more) end
  finish(o)
  error(err, 0)
end

-- The object has gained traits (handle -> true) by attach. If a hook fails, those whose
-- hooks had run are detached again, undo() is called and the error raised.
function hook.attached(o, plan, traits, undo)
  local shape = bodies.of(o)
  await(o, shape, traits)
  arm_if(o, plan)
  local ok, err, done = gain(o, plan.attached, traits)
  if ok then return forget(waiting, o, traits) end
  lose_logged(o, set_of(done))
  if bodies.of(o) then
    undo()
    forget(waiting, o, traits)
    forget(leaving, o, traits)
    hook.settle(o)
  end
  error(err, 0)
end

local function welcome(o, shape, plan, traits)
  await(o, shape, traits)
  arm_if(o, plan)
  local ok, err = gain(o, plan.attached, traits)
  if not ok then error(err, 0) end
end

-- A class and its instances have gained a trait. If a hook fails, those that have run
-- are taken back, and the class is to lose it again: false, and the error.
function hook.all_attached(list, trait)
  local traits = { [trait] = true }
  for i, o in ipairs(list) do
    local shape = bodies.of(o)
    local plan = shape and hook.has(shape, trait) and plan_of(shape)
    if plan then
      local ok, err = pcall(welcome, o, shape, plan, traits)
      if not ok then
        for k = i - 1, 1, -1 do lose_logged(list[k], traits) end
        return false, err
      end
      forget(waiting, o, traits)
    end
  end
  return true
end

local function arrive(o, traits, failed)
  local shape = bodies.of(o)
  local plan, failure = plan_of(shape), nil
  if not plan then return end
  local wait = await(o, shape, traits)
  arm_if(o, plan)
  for _, entry in ipairs(plan.attached) do
    shape = bodies.of(o)
    if not shape then break end            -- a hook ended it
    if traits[entry.trait] and wait[entry.trait] and hook.has(shape, entry.trait) then
      failed[entry.trait] = true
      local ok, err = run(o, entry)
      if ok then failed[entry.trait] = nil elseif failure == nil then failure = err end
    end
  end
  return failure
end

-- The object has gained traits by a change that stands whatever its hooks do. Each runs;
-- where one failed, its trait counts as never attached: no `detached` will run. Returns
-- the first error.
function hook.arrived(o, traits)
  local failed = {}
  local ok, failure = pcall(arrive, o, traits, failed)
  local wait, iterate = waiting[o], next
  if wait then
    for t in iterate, traits do
      if wait[t] and not failed[t] then wait[t] = nil end
    end
    if iterate(wait) == nil then waiting[o] = nil end
  end
  if not ok and not bodies.of(o) then return nil end
  return failure
end

-- A class and its instances are about to lose a trait; the first error.
function hook.all_detaching(list, trait)
  local failure
  for _, o in ipairs(list) do
    local err
    if bodies.of(o) then err = lose(o, { [trait] = true }) end
    if failure == nil then failure = err end
  end
  return failure
end

-- Traits of the object are about to go: their hooks run; returns the first error.
function hook.detaching(o, traits)
  return lose(o, traits)
end

-- Is the trait on its way out already?
function hook.is_leaving(o, trait)
  return leaving[o] and leaving[o][trait]
end

-- They have gone.
function hook.detached(o, traits)
  forget(leaving, o, traits)
  forget(waiting, o, traits)
  hook.settle(o)
end

-- Sentinels are for those who need one.
function hook.settle(o)
  local shape = bodies.of(o)
  if not shape then return end
  local plan = plan_of(shape)
  if not (plan and plan.ends) then sentinel.disarm(o) end
end

function hook.is_ending(o)
  return ending[o]
end

-- Runs what an object's end asks for; returns the first error.
function hook.ending(o)
  if ending[o] then return nil end
  ending[o] = true
  local err = lose(o)
  local shape = bodies.of(o)
  local plan = shape and plan_of(shape)
  if plan and plan.final and not (waiting[o] and waiting[o].final) then
    local ok, why = run(o, { run = rawget(o, "final") or plan.final, label = "final" })
    if not ok and err == nil then err = why end
  end
  return err
end

-- What the collector found dead ends now: called by the sweep, in ordinary context.
local burying = false

local function bury(o)
  if not bodies.of(o) then return end
  local err = hook.ending(o)
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

-- A hook was defined, or taken away: objects that live already are armed, and new
-- ones are made another way.
local names = { attached = true, detached = true, final = true }

function shapes.hooks.redefined(shape, name)
  if name and not names[name] then return end
  local before = shape.hooks
  shape.hooks = nil
  local plan = plan_of(shape)
  if plan or before then shapes.hooks.relaid() end
  if not plan or not plan.ends or before and before.ends then return end
  for slot = 1, state.top do
    local o = objects[slot]
    if o and bodies.of(o) == shape then sentinel.arm(o) end
  end
end

-- Native code attaches, detaches, ends: molt__turn in core/src/bridge.h.
local turns = {}

turns[1] = function(o, trait)
  hook.attached(o, plan_of(bodies.of(o)) or { attached = {}, detached = {} }, { [trait] = true }, function()
    local shape = bodies.of(o)
    if hook.has(shape, trait) then hook.leave(o, shapes.detach(shape, trait)) end
  end)
end

turns[2] = function(o, trait)
  local err = lose(o, { [trait] = true })
  forget(waiting, o, { [trait] = true })
  if err ~= nil then error(err, 0) end
end

turns[3] = function(o)
  local err = hook.ending(o)
  if err ~= nil then error(err, 0) end
end

-- Returns the text of the error, if there is one.
border.callbacks[border.HOOK] = function(turn, id, trait)
  local o = core.object_at(id)
  local ok, err = pcall(turns[turn], o, trait)
  return not ok and tostring(err) or nil
end

return hook
