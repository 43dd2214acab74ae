-- molt.hook: attached and detached, as traits come and go.
--
-- What runs at both ends of a life: molt.life. Running them: molt.hook_run.

local core = require "molt.core"
local border = require "molt.border"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local sentinel = require "molt.sentinel"
local hook_run = require "molt.hook_run"
local life = require "molt.life"

local hook = {}

local objects, state = border.objects, border.state
local waiting, leaving = hook_run.waiting, hook_run.leaving
local plan_of, concerns = hook_run.plan, hook_run.concerns
local gain, lose, await, forget = hook_run.gain, hook_run.lose, hook_run.await, hook_run.forget

-- The object has gained traits by attach. If a hook fails, those whose
-- hooks had run are detached again, undo() is called and the error raised.
function hook.attached(o, plan, traits, undo)
  local shape = bodies.of(o)
  await(o, shape, traits)
  hook_run.arm_if(o, plan)
  local ok, err, done = gain(o, plan.attached, traits)
  if ok then return forget(waiting, o, traits) end
  hook_run.lose_logged(o, done)
  if bodies.of(o) then
    undo()
    forget(waiting, o, traits)
    forget(leaving, o, traits)
    hook_run.settle(o)
  end
  error(err, 0)
end

local function welcome(o, shape, plan, traits)
  await(o, shape, traits)
  hook_run.arm_if(o, plan)
  local ok, err = gain(o, plan.attached, traits)
  if not ok then error(err, 0) end
end

-- A class and its instances have gained a trait. If a hook fails, those that have run
-- are taken back, and the class is to lose it again: false, and the error.
function hook.all_attached(list, trait)
  local traits = { trait }
  for i, o in ipairs(list) do
    local shape = bodies.of(o)
    local plan = shape and shape.has[trait] and plan_of(shape)
    if plan then
      local ok, err = pcall(welcome, o, shape, plan, traits)
      if not ok then
        for k = i - 1, 1, -1 do hook_run.lose_logged(list[k], traits) end
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
  hook_run.arm_if(o, plan)
  for _, entry in ipairs(plan.attached) do
    shape = bodies.of(o)
    if not shape then break end            -- a hook ended it
    if concerns(traits, entry.trait) and wait[entry.trait] and shape.has[entry.trait] then
      failed[entry.trait] = true
      local ok, err = hook_run.run(o, entry)
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
  local wait = waiting[o]
  if wait then
    for i = 1, #traits do
      local t = traits[i]
      if wait[t] and not failed[t] then wait[t] = nil end
    end
    if next(wait) == nil then waiting[o] = nil end
  end
  if not ok and not bodies.of(o) then return nil end
  return failure
end

-- A class and its instances are about to lose a trait; the first error.
function hook.all_detaching(list, trait)
  local traits, failure = { trait }, nil
  for _, o in ipairs(list) do
    local err
    if bodies.of(o) then err = lose(o, traits) end
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
  hook_run.settle(o)
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

turns[1] = function(o, _, before)
  local shape, gained = bodies.of(o), {}
  before = shapes.get(before)
  for _, part in ipairs(shape.info.parts) do
    if not before.has[part.trait] then gained[#gained + 1] = part.trait end
  end
  hook.attached(o, plan_of(shape) or { attached = {}, detached = {} }, gained, function()
    local now = bodies.of(o)
    if now == shape then return hook.leave(o, before) end
    for i = #gained, 1, -1 do                    -- a hook has changed the object, too
      if now.has[gained[i]] then hook.leave(o, shapes.get(border.check(core.shape_cascade(now.id, gained[i])))) end
      now = bodies.of(o)
    end
  end)
end

turns[2] = function(o, trait)
  local traits = { trait }
  local err = lose(o, traits)
  forget(waiting, o, traits)
  if err ~= nil then error(err, 0) end
end

turns[3] = function(o)
  local err = life.ending(o)
  if err ~= nil then error(err, 0) end
end

-- Returns the text of the error, if there is one.
border.callbacks[border.HOOK] = function(turn, id, trait, before)
  local o = core.object_at(id)
  local ok, err = pcall(turns[turn], o, trait, before)
  return not ok and tostring(err) or nil
end

return hook
