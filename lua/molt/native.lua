-- molt.native: modules of native code: loading them, and what they answer.
-- What becomes of them afterwards is in molt.reload.

local core = require "molt.core"
local check = require "molt.check"
local handle = require "molt.handle"
local impl = require "molt.impl"
local event = require "molt.event"
local reload = require "molt.reload"

local native = {}

-- What the core searches before it is told otherwise.
function native.default_path()
  local more = os and os.getenv "MOLT_PATH"
  native.path = more and more ~= "" and ".:" .. more or "."
  return native.path
end

local meta = { __metatable = "module" }

local facts = { generation = true, version = true, file = true, unloaded = true }

function meta.__index(proxy, name)
  if reload.verbs[name] then return reload.verbs[name] end
  local record = handle.record(proxy)
  if facts[name] then return core.module_info(record.pointer)[name] end
  if type(name) ~= "string" then return nil end
  local pointer, err = core.module_impl(record.pointer, name)
  if not pointer then error(err, 0) end
  return impl.proxy(pointer, record.name .. "." .. name)
end

function meta.__newindex(proxy, name)
  check.raise("argument",
    ("module '%s' cannot be assigned to (at '%s')"):format(handle.record(proxy).name, tostring(name)),
    "fill one of its implementations, or make one with molt.impl")
end

function meta.__tostring(proxy)
  local info = core.module_info(handle.record(proxy).pointer)
  return ("module %s %s, %s"):format(info.name, info.version,
    info.unloaded and "unloaded" or ("generation %d"):format(info.generation))
end

local function load_one(molt, name, keep)
  if molt.path ~= native.path then
    if type(molt.path) ~= "string" then
      check.raise("type", ("molt.path is a string of folders, got %s"):format(type(molt.path)))
    end
    local ok, err = core.module_path(molt.path)
    if not ok then return nil, err end
    native.path = molt.path
  end
  local pointer, err = core.quietly(core.module_load, name)
  if not pointer then return nil, err end
  if keep then core.module_keep(pointer) end
  local proxy = handle.proxy(pointer)
  if proxy and not handle.record(proxy).away then return proxy end
  proxy = proxy or handle.new(pointer, { kind = "module", name = core.module_info(pointer).name }, meta)
  handle.record(proxy).away = nil
  event.emit("load", proxy)
  return proxy
end

-- molt.load(name | { name, …, keep = true }) -> module, …; or nil and an error.
-- What is kept is never unmapped.
function native.load(molt, names)
  if type(names) == "string" then return load_one(molt, names) end
  if type(names) ~= "table" or handle.record(names) then check.argument(1, "load", "name or list of names", names) end
  local modules = {}
  for i, name in ipairs(names) do
    if type(name) ~= "string" then check.argument(1, "load", "list of names", name) end
    local module, err = load_one(molt, name, names.keep)
    if not module then return nil, err end
    modules[i] = module
  end
  return unpack(modules)
end

-- molt.images() -> the images that are mapped, the latest first: { module, generation,
-- fate, reason }. What is fit to be called is "serving".
function native.images()
  local list = {}
  for i = 0, core.module_images() - 1 do list[i + 1] = core.module_image(i) end
  return list
end

return native
