-- molt.reload: what becomes of a native module after it was loaded: reload, rollback,
-- unload, and several reloaded together. Each is done whole, or refused and nothing
-- has changed; the core decides, this file asks and tells.

local core = require "molt.core"
local registry = require "molt.registry"
local check = require "molt.check"
local handle = require "molt.handle"
local class = require "molt.class"
local compose = require "molt.compose"
local event = require "molt.event"
local impl = require "molt.impl"
local attach = require "molt.attach"
local trait = require "molt.trait"

local reload = {}

local FLAGS = core.reload_flags

local report_meta = { __tostring = function(report) return report.text end }

-- Names of options, with what they take.
local function check_options(verb, position, options, known)
  if options == nil then return {} end
  if check.kind(options) ~= "table" then check.argument(position, verb, "table of options", options) end
  check.names(options, ("the options of '%s' have names"):format(verb))
  for _, key in ipairs(check.keys(options)) do
    local expected, value = known[key], options[key]
    if not expected then
      check.raise("argument", ("'%s' has no option '%s'"):format(verb, key), check.near(key, check.keys(known)))
    end
    if type(value) ~= expected then
      check.raise("type", ("option '%s' of '%s' is a %s, got %s"):format(key, verb, expected, check.kind(value)))
    end
  end
  if options.timeout and not (options.timeout > 0 and options.timeout < math.huge) then
    check.raise("range", ("option 'timeout' of '%s' is a number of seconds above 0, got %s"):format(verb,
      tostring(options.timeout)))
  end
  return options
end

local transaction = { probe = "boolean", tombstones = "boolean", timeout = "number" }

local function flags_of(options)
  local flags = options.tombstones and FLAGS.TOMBSTONES or 0
  if options.probe == nil then return flags end
  return flags + (options.probe and FLAGS.PROBE or FLAGS.NO_PROBE)
end

-- Asks the core, and tells who listens: "refused" for each module, or `name`.
local function transact(verb, name, proxies, flags, timeout)
  local pointers = {}
  for i, proxy in ipairs(proxies) do pointers[i] = handle.record(proxy).pointer end
  local reports, err = core.module_transact(verb, pointers, flags, timeout)
  for i, proxy in ipairs(proxies) do
    local report = reports and setmetatable(reports[i], report_meta)
    if report and not report.deferred then event.emit(name, proxy, report)
    elseif not report then event.emit("refused", proxy, err) end
  end
  return reports, err
end

-- A quiescent point: what was asked for when it could not be done.
function reload.deferred()
  for pointer, flags, timeout in core.module_later do
    local proxy = handle.proxy(pointer)
    if proxy then transact("reload", "reload", { proxy }, flags, timeout)
    else core.module_transact("reload", { pointer }, flags, timeout) end
  end
end

local function one(verb, proxy, options)
  handle.check(1, verb, proxy, "module")
  options = check_options(verb, 1, options, transaction)
  local reports, err = transact(verb, verb, { proxy }, flags_of(options), options.timeout)
  if not reports then return nil, err end
  return reports[1]
end

local verbs = {}
reload.verbs = verbs

-- module:reload([{ probe, tombstones, timeout }]) -> report, or nil and an error with
-- all reasons; every live object follows.
function verbs.reload(proxy, options)
  return one("reload", proxy, options)
end

-- module:rollback([options]) -> report, or nil and an error: back to the code before
-- the last reload, from a copy that was kept.
function verbs.rollback(proxy, options)
  return one("rollback", proxy, options)
end

-- Classes lose the implementation; where they are not complete without it, its trait.
local function drop_from_classes(pointer)
  local users = core.module_classes(pointer)
  for i = 1, #users, 2 do
    local target, piece = class.proxy(users[i]), impl.proxy(users[i + 1])
    local ok, err = pcall(compose.drop, target, piece)
    if not ok and type(err) == "table" and err.code == "missing" then
      compose.drop(target, trait.proxy(handle.record(piece).trait))
    elseif not ok then
      error(err, 0)
    end
  end
end

local function detach_objects(pointer)
  local function of_module(attached)
    return attached.impl and core.impl_module(attached.impl) == pointer
  end
  local losing = {}
  for o in registry.each(function(shape)
    for _, attached in ipairs(shape.info.attached) do
      if of_module(attached) then return true end
    end
  end) do losing[#losing + 1] = o end
  local function each_of_module(act)
    for _, o in ipairs(losing) do
      for _, attached in ipairs(attach.attached(o)) do
        if of_module(attached) then act(o, attached.trait) end
      end
    end
  end
  each_of_module(attach.check_detach)         -- all of them, before the first loses anything
  each_of_module(function(o, gone) attach.detach(o, trait.proxy(gone)) end)
end

-- An error of detaching, which may have been done in part, as unload's own.
local function detach(record)
  local ok, err = pcall(function()
    detach_objects(record.pointer)
    drop_from_classes(record.pointer)
  end)
  if ok then return true end
  if type(err) ~= "table" or not err.code then error(err, 0) end
  err.reasons = { { code = err.code, message = err.message, hint = err.hint } }
  return false, err
end

-- module:unload([{ detach = true }]) -> true, or nil and an error that names what
-- still uses it.
function verbs.unload(proxy, options)
  local record = handle.check(1, "unload", proxy, "module")
  options = check_options("unload", 1, options, { detach = "boolean" })
  local done, err = true, nil
  if options.detach and not core.module_info(record.pointer).unloaded then done, err = detach(record) end
  if done then done, err = core.module_unload(record.pointer) end
  if not done then
    event.emit("refused", proxy, err)
    return nil, err
  end
  record.away = true
  event.emit("unload", proxy)
  return true
end

-- molt.reload(module | { module, … } [, options]) -> list of reports, or nil and an
-- error with the reasons of all: they commit together or not at all.
function reload.reload(modules, options)
  local record = handle.record(modules)
  if record and record.kind == "module" then modules = { modules } end
  if check.kind(modules) ~= "table" then check.argument(1, "reload", "module or list of modules", modules) end
  check.list_and_names(modules, "'reload' takes a list of modules")
  if check.keys(modules)[1] then
    check.raise("argument", ("'reload' takes a list of modules, got the key %s"):format(check.keys(modules)[1]))
  end
  local seen = {}
  for _, module in ipairs(modules) do
    local of = handle.record(module, "module")
    if not of then check.argument(1, "reload", "list of modules", module) end
    if seen[of] then check.raise("argument", ("module '%s' is listed twice"):format(of.name)) end
    seen[of] = true
  end
  options = check_options("reload", 2, options, transaction)
  return transact("batch", "reload", modules, flags_of(options), options.timeout)
end

return reload
