-- Runs before the Lua tests (see .busted), and is what they `require "helper"` for.
--
-- The environment says how the suite is run:
--   MOLT_TEST_GC=stress   the collector never rests, and every test starts with a full collection
--   MOLT_TEST_LONG=1      the long versions of the random tests
--   MOLT_LUA              the command that runs a Lua script in a process of its own the way the
--                         suite runs: `luajit`, `luajit -joff`, the sanitizers' host, …
--   MOLT_SOURCE_DIR, MOLT_BUILD_DIR

local ffi = require "ffi"
local assert = require "luassert"
local busted = require "busted"
local path = require "pl.path"

local helper = {
  source_dir = path.abspath(os.getenv("MOLT_SOURCE_DIR") or "."),
  build_dir = path.abspath(os.getenv("MOLT_BUILD_DIR") or "build"),
  lua = os.getenv("MOLT_LUA") or "luajit",
  stress = os.getenv("MOLT_TEST_GC") == "stress",
  long = os.getenv("MOLT_TEST_LONG") ~= nil,
}

-- Busted replaces these by versions that remember results by their first
-- argument alone: ffi.typeof("$ *", a) and ffi.typeof("$ *", b) become one.
local function restore_ffi(name)
  for index = 1, math.huge do
    local upvalue, value = debug.getupvalue(ffi[name], index)
    if upvalue == nil then
      return
    elseif upvalue == "original" then
      ffi[name] = value
      return
    end
  end
end

restore_ffi("cdef")
restore_ffi("typeof")
restore_ffi("metatype")

-- A new cycle starts as soon as one ends, and every kilobyte allocated moves it on by 100.
local function never_rest()
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", 10000)
end

-- Calls fn with a whole collection at every point where LuaJIT looks whether one
-- is due, compiled code included. Slow: for the few lines that need it.
function helper.collect_always(fn, ...)
  local pause = collectgarbage("setpause", 0)
  local step = collectgarbage("setstepmul", 0)
  collectgarbage()
  local results = { pcall(fn, ...) }
  collectgarbage("setpause", pause)
  collectgarbage("setstepmul", step)
  if not results[1] then
    error(results[2], 0)
  end
  return unpack(results, 2)
end

-- Collects until nothing is left that a finalizer or a sweep could still find.
function helper.collect_all()
  collectgarbage()
  collectgarbage()
  package.loaded.molt.tick()
end

local names = 0

-- A name that no other test uses: traits and classes live as long as the state.
function helper.fresh(name)
  names = names + 1
  return ("%s_%d"):format(name, names)
end

-- fn, a function of the test file, raises molt's error with that message (and
-- hint, if one is given), blamed on a line of fn itself. Returns the error.
function helper.refuses(fn, message, hint)
  local ok, err = pcall(fn)
  assert.is_false(ok, "no error; expected: " .. message)
  assert.equal("table", type(err), "not molt's error: " .. tostring(err))
  assert.equal(message, err.message)
  if hint then
    assert.equal(hint, err.hint)
  end
  local place = debug.getinfo(fn, "S")
  local file, line = err.where:match("^(.*):(%d+): $")
  line = tonumber(line) or -1
  local blamed = file == place.short_src and line >= place.linedefined and line <= place.lastlinedefined
  assert.is_true(blamed, ("blamed on '%s', expected %s:%d"):format(err.where, place.short_src, place.linedefined))
  return err
end

-- Runs Lua text in a process of its own, the way the suite runs: what it printed,
-- and its exit status.
function helper.run(text)
  local file = os.tmpname()
  local out = assert(io.open(file, "w"))
  out:write(text)
  out:close()
  local command = ("LUA_CPATH='%s/lib/?.so;;' MOLT_PATH='%s/natives:%s/tests/natives' %s %s 2>&1; echo $?"):format(
    helper.build_dir, helper.build_dir, helper.build_dir, helper.lua, file)
  local pipe = assert(io.popen(command))
  local output, status = pipe:read("*a"):match("^(.-)(%d+)%s*$")
  pipe:close()
  os.remove(file)
  return output, tonumber(status)
end

if helper.stress then
  never_rest()
  busted.subscribe({ "test", "start" }, function()
    collectgarbage()
    return nil, true
  end)
end

-- What listeners of an event are told from now on, a list; and the listener's handle.
function helper.hear(event)
  local told = {}
  local handle = require("molt").on(event, function(...) told[#told + 1] = { ... } end)
  return told, handle
end

return helper
