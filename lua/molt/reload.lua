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

-- Asks the core, and tells who listens: "refused" for each module that Lua knows, or
-- `name`.
local function transact(verb, name, pointers, flags, timeout)
  local reports, err = core.quietly(core.module_transact, verb, pointers, flags, timeout)
  local failure
  for i, pointer in ipairs(pointers) do
    local report, proxy = reports and setmetatable(reports[i], report_meta), handle.proxy(pointer)
    local ok, raised = true, nil
    if proxy and not report then ok, raised = pcall(event.emit, "refused", proxy, err)
    elseif proxy and not report.deferred then ok, raised = pcall(event.emit, name, proxy, report) end
    if not ok and failure == nil then failure = raised end
  end
  if failure ~= nil then error(failure, 0) end
  return reports, err
end

local function one(verb, proxy, options)
  local record = handle.check(1, verb, proxy, "module")
  options = check_options(verb, 1, options, transaction)
  local reports, err = transact(verb, verb, { record.pointer }, flags_of(options), options.timeout)
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

-- Acts of a release, each to its end: the first error is kept, the others go to the log.
local function contained()
  local failure = nil
  return function(act, ...)
    local ok, err = pcall(act, ...)
    if ok then return end
    if failure == nil then failure = { err } else core.log_error(tostring(err)) end
  end, function() return failure end
end

local function of_module(attached, pointer)
  return attached.impl and core.impl_module(attached.impl) == pointer
end

-- Objects lose what implementations of the module came with, the last first, since it may
-- require the others. Was there any?
local function release_objects(pointer, try)
  local losing = {}
  for o in registry.each(function(shape)
    for _, attached in ipairs(shape.info.attached) do
      if of_module(attached, pointer) then return true end
    end
  end) do losing[#losing + 1] = o end
  for _, o in ipairs(losing) do
    local list = attach.attached(o)
    for i = #list, 1, -1 do
      local of = list[i].trait
      if of_module(list[i], pointer) and attach.has(o, of) then try(attach.detach, o, trait.proxy(of)) end
    end
  end
  return losing[1] ~= nil
end

-- Classes lose the traits that they are not complete for without the module, those of one
-- class at once; then its implementations.
local function release_classes(pointer, try)
  local losses, i = check.result(core.module_losses(pointer)), 1
  while losses[i] do
    local of, pieces = losses[i], {}
    while losses[i] == of do
      pieces[#pieces + 1] = trait.proxy(losses[i + 1])
      i = i + 2
    end
    try(compose.drop, class.proxy(of), pieces)
  end
  local users = core.module_classes(pointer)
  for k = 1, #users, 2 do try(compose.drop, class.proxy(users[k]), impl.proxy(users[k + 1])) end
end

local ROUNDS = 8                             -- hooks that attach anew are not followed for ever

-- Whatever uses the module loses it, hooks included; { the first error of one }, or nil.
-- The core has looked whether it can be.
local function release(pointer)
  local try, failure = contained()
  local round = 0
  repeat
    round = round + 1
  until not release_objects(pointer, try) or round == ROUNDS
  try(release_classes, pointer, try)
  return failure()
end

local function told(proxy, done, err)
  if proxy and done then
    handle.record(proxy).away = true
    event.emit("unload", proxy)
  elseif proxy then
    event.emit("refused", proxy, err)
  end
  return done, err
end

local function unload(pointer, proxy, flags)
  local done, later = core.quietly(core.module_unload_begin, pointer, flags)
  if not done then return told(proxy, nil, later) end
  if later then return true, { deferred = true } end
  local failure = flags == FLAGS.DETACH and release(pointer)
  done, later = core.quietly(core.module_unload, pointer)
  if failure and not (done and not later) then core.log_error(tostring(failure[1])) end
  if not done then return told(proxy, nil, later) end
  if later then return true, { deferred = true } end
  local ok, raised = pcall(told, proxy, true)
  if failure or not ok then error(failure and failure[1] or raised, 0) end
  return true
end

-- module:unload([{ detach = true }]) -> true, or nil and an error that names what
-- still uses it. An error of a hook that detaching runs is raised when all is done.
-- Left to the next quiescent point: true and { deferred = true }.
function verbs.unload(proxy, options)
  local record = handle.check(1, "unload", proxy, "module")
  options = check_options("unload", 1, options, { detach = "boolean" })
  return unload(record.pointer, proxy, options.detach and FLAGS.DETACH or 0)
end

local ROLLBACK, BATCH, UNLOAD = 2, 3, 4

local function carry_out(kind, flags, timeout, ...)
  if not kind then return false end
  local pointers = { ... }
  if kind == UNLOAD then
    unload(pointers[1], handle.proxy(pointers[1]), flags)
  else
    local verb = kind == ROLLBACK and "rollback" or kind == BATCH and "batch" or "reload"
    transact(verb, verb == "rollback" and verb or "reload", pointers, flags, timeout)
  end
  return true
end

-- A quiescent point: what was asked for when it could not be done, in that order.
-- Returns the first error of a listener: it is raised when the tick is done.
function reload.deferred()
  local failure
  repeat
    local ok, more = pcall(carry_out, core.module_later())
    if not ok and failure == nil then failure = more end
  until ok and not more
  return failure
end

local function refuse_file(name, expected)
  check.raise("type", ("bad argument #1 to 'reload' (%s expected, got string)"):format(expected),
    ("a module is what molt.load(%q) returns; a Lua file is run again by dofile: what it declares changes then")
      :format(name))
end

-- molt.reload(module | { module, … } [, options]) -> list of reports, or nil and an
-- error with the reasons of all: they commit together or not at all.
function reload.reload(modules, options)
  local record = handle.record(modules)
  if record and record.kind == "module" then modules = { modules } end
  if type(modules) == "string" then refuse_file(modules, "module or list of modules") end
  if check.kind(modules) ~= "table" then check.argument(1, "reload", "module or list of modules", modules) end
  check.list_and_names(modules, "'reload' takes a list of modules")
  if check.keys(modules)[1] then
    check.raise("argument", ("'reload' takes a list of modules, got the key %s"):format(check.keys(modules)[1]))
  end
  local seen, pointers = {}, {}
  for i, module in ipairs(modules) do
    local of = handle.record(module, "module")
    if type(module) == "string" then refuse_file(module, "list of modules") end
    if not of then check.argument(1, "reload", "list of modules", module) end
    if seen[of] then check.raise("argument", ("module '%s' is listed twice"):format(of.name)) end
    seen[of], pointers[i] = true, of.pointer
  end
  options = check_options("reload", 2, options, transaction)
  return transact("batch", "reload", pointers, flags_of(options), options.timeout)
end

return reload
