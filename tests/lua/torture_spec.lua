-- Random acts beside a model (torture.lua). The test's name has the seed:
-- MOLT_SEED=… runs that one again, MOLT_ROUNDS=… for longer.

local helper = require "helper"
local molt = require "molt"
local torture = require "torture"

local native = assert(molt.load(helper.build_dir .. "/tests/natives/border"))
local seed = tonumber(os.getenv "MOLT_SEED")
local rounds = tonumber(os.getenv "MOLT_ROUNDS") or (helper.long and 100000 or 2000)

local seeds = seed and { seed } or { 1, 2, 3 }

-- What a program of tests/host says; memory that it frees is overwritten.
local function in_a_host(program, number, count, modes)
  local command = ("MALLOC_PERTURB_=165 MOLT_SOURCE_DIR='%s' MOLT_BUILD_DIR='%s' %s '%s/tests/host/%s' %d %d %s 2>&1"):format(
    helper.source_dir, helper.build_dir, helper.lua, helper.source_dir, program, number, count, modes)
  local pipe = io.popen(command)
  local output = pipe:read("*a")
  pipe:close()
  return output
end

describe("an object", function()
  for _, number in ipairs(seeds) do
    it(("is what a naive model says through %d random acts, seed %d"):format(rounds, number), function()
      torture.run { seed = number, rounds = rounds, native = native, prefix = helper.fresh "Torture" }
      torture.clear()
    end)
  end

  it("is so where every allocation may collect, and as its Lua state closes", function()
    local output = in_a_host("torture.lua", seeds[#seeds], rounds / 10, "always few")
    assert.truthy(output:find("torture ok", 1, true), output)
  end)
end)

describe("what a class or a trait no longer defines", function()
  it("is looked at by nobody, however they are declared again", function()
    -- Each step may leave a shape behind, and looks at all there are.
    local output = in_a_host("redeclare.lua", seeds[1], helper.long and 4000 or 1000, "")
    assert.truthy(output:find("redeclared ok", 1, true), output)
  end)
end)
