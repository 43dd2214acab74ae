-- molt.event: molt.on, and telling who listens.

local core = require "molt.core"
local check = require "molt.check"

local event = {}

-- event -> what its listeners receive
local events = {
  attach = "object, trait or implementation",
  detach = "object, trait",
  override = "class or object, name",
  restore = "class or object, name",
  use = "class, trait or implementation",
  drop = "class, trait or implementation",
  redefine = "trait, class or object, report",
  load = "module",
  reload = "module, report",
  refused = "module, error",
  rollback = "module, report",
  unload = "module",
  destroy = "object",
  tick = "number of the tick",
}

local listeners = {}

-- molt.on(event, fn): fn is called as it happens; returns a value whose
-- remove() ends that.
function event.on(name, fn)
  if type(name) ~= "string" then check.argument(1, "on", "event name", name) end
  if not events[name] then
    check.raise("unknown", ("no event '%s'"):format(name), check.near(name, check.keys(events)))
  end
  check.callable(2, "on", fn)
  local list, entry = listeners[name] or {}, { fn = fn }
  listeners[name] = list
  list[#list + 1] = entry
  return {
    remove = function()
      entry.fn = nil
      for i, other in ipairs(list) do
        if other == entry then
          table.remove(list, i)
          return true
        end
      end
      return false
    end,
  }
end

-- Does anyone listen?
function event.heard(name)
  return listeners[name] ~= nil and #listeners[name] > 0
end

local function explain(err, name, fn)
  if not check.yielded(err, "listener") then return err end
  return select(2, pcall(check.raise, "yield", ("listener of '%s' (%s) tried to yield"):format(name, check.place(fn)),
    "a listener runs to its end; start a coroutine in it for what takes longer"))
end

-- An error in a listener is the caller's to see: it is raised after all have run. None
-- can yield: the verb that tells of the event could be left half way.
function event.emit(name, ...)
  local list = listeners[name]
  if not list then return end
  local first
  for _, entry in ipairs({ unpack(list) }) do
    if entry.fn then
      local fn = entry.fn
      local ok, err = core.guarded(fn, ...)
      if not ok and first == nil then first = explain(err, name, fn) end
    end
  end
  if first ~= nil then error(first, 0) end
end

return event
