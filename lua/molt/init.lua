-- molt: objects whose traits, methods and native code can change while the
-- program runs. What each verb does stands at its definition; docs/ explains.

local core = require "molt.core"
local border = require "molt.border"
local registry = require "molt.registry"
local check = require "molt.check"
local event = require "molt.event"
local hook_run = require "molt.hook_run"
local trait = require "molt.trait"
local impl = require "molt.impl"
local select_ = require "molt.select"
local class = require "molt.class"
local compose = require "molt.compose"
local object = require "molt.object"
local attach = require "molt.attach"
local patch = require "molt.patch"
local recompose = require "molt.recompose"
local dump = require "molt.dump"
local build = require "molt.build"
local inspect = require "molt.inspect"
local iterate = require "molt.iterate"
local native = require "molt.native"
local reload = require "molt.reload"
local probe = require "molt.probe"

-- No finalizer runs in the midst of what changes classes and traits.
local function quiet(verb)
  return function(...) return core.quietly(verb, ...) end
end

local molt = {
  _VERSION = "molt " .. core.version,

  trait = quiet(trait.declare),
  without = select_.without,
  rename = select_.rename,
  alias = select_.alias,

  struct = trait.struct,
  impl = impl.new,
  missing = impl.missing,

  class = quiet(class.declare),
  use = quiet(compose.use),
  drop = quiet(compose.drop),

  attach = attach.attach,
  detach = attach.detach,
  is = object.is,
  as = object.as,
  object = object.of,
  alive = object.alive,
  destroy = object.destroy,
  clone = object.clone,
  become = quiet(recompose.become),
  dump = dump.dump,
  build = quiet(build.build),
  class_of = object.class_of,
  name = object.name,

  override = patch.override,
  before = patch.before,
  after = patch.after,
  around = patch.around,
  restore = patch.restore,

  fields = inspect.fields,
  methods = inspect.methods,
  traits_of = inspect.traits_of,
  find = inspect.find,

  each = iterate.each,
  count = iterate.count,

  images = native.images,

  on = event.on,

  reload = reload.reload,
  counters = core.module_counters,
  probe = probe,
}

-- Folders that molt.load searches, separated by ':'.
molt.path = native.default_path()

function molt.load(names)
  return native.load(molt, names)
end

-- A quiescent point: no native method is on the stack. Frees what waits for one.
function molt.tick()
  border.expect_quiet()
  if border.state.depth ~= 0 then
    check.raise("state", "molt.tick inside a native call", "call it at the end of a frame, outside every method")
  end
  if hook_run.running() then
    check.raise("state", "molt.tick inside a hook", "call it at the end of a frame, outside every method")
  end
  if border.state.collected ~= 0 then registry.sweep() end
  local failure
  if check.result(core.tick()) == "reload" then
    failure = reload.deferred()
    check.result(core.tick(true))
  end
  if event.heard "tick" then event.emit("tick", border.state.tick) end
  if failure ~= nil then error(failure, 0) end
end

return molt
