-- For random tests beside a model: chance from a seed, failures that shrink, and long
-- runs, in processes of their own one after the other, with lines that tell how far.

local helper = require "helper"

local property = {}

-- n -> a whole number from 1 to n (Lehmer; Park and Miller, 1988)
function property.generator(seed)
  local state = seed % 2147483646 + 1
  return function(below)
    state = state * 16807 % 2147483647
    return state % below + 1
  end
end

local function without(list, from, count)
  local fewer = {}
  for i, entry in ipairs(list) do
    if i < from or i >= from + count then fewer[#fewer + 1] = entry end
  end
  return fewer
end

-- The list that fails no more when any one of its entries is left out: halves are tried
-- first, then quarters, … single entries (Zeller's delta debugging).
function property.shrink(list, fails)
  local chunk = math.ceil(#list / 2)
  while chunk >= 1 do
    local at = 1
    while at <= #list do
      local fewer = without(list, at, chunk)
      if fails(fewer) then list = fewer else at = at + chunk end
    end
    if chunk == 1 then return list end
    chunk = math.ceil(chunk / 2)
  end
  return list
end

local function run_apart(name, seed, rounds)
  local command = ("MOLT_SOURCE_DIR='%s' MOLT_BUILD_DIR='%s' MOLT_LUA='%s' LUA_PATH='%s' %s '%s/tests/host/property.lua' %s %d %d 2>&1")
    :format(helper.source_dir, helper.build_dir, helper.lua, package.path, helper.lua, helper.source_dir, name, seed, rounds)
  local pipe = assert(io.popen(command))
  local output = pipe:read("*a")
  pipe:close()
  if not output:find("property ok", 1, true) then error(output, 0) end
end

local function run_long(name, seed, options)
  local start, told, done = os.time(), os.time(), 0
  while done < options.long do
    local rounds = math.min(options.batch, options.long - done)
    run_apart(name, seed + done, rounds)
    done = done + rounds
    if os.time() - told >= 10 then
      told = os.time()
      io.stderr:write(("%d of %d %s, %d s\n"):format(done, options.long, name, told - start))
    end
  end
  io.stderr:write(("%d %s from MOLT_SEED=%d, %d s\n"):format(done, name, seed, os.time() - start))
end

-- Runs the module of that name: run(seed, rounds) raises when a trial fails.
function property.check(name, options)
  local seed, rounds = tonumber(os.getenv "MOLT_SEED"), tonumber(os.getenv "MOLT_ROUNDS")
  if helper.long and not rounds then return run_long(name, seed or options.seed, options) end
  require(name).run(seed or options.seed, rounds or options.rounds)
end

return property
