-- Many shapes and classes in one process: LuaJIT's table of C types must outlast them.

local helper = require "helper"

local function run(combinations, classes)
  local command = ("MOLT_SOURCE_DIR='%s' MOLT_BUILD_DIR='%s' %s '%s/tests/host/combinations.lua' %d %d 2>&1"):format(
    helper.source_dir, helper.build_dir, helper.lua, helper.source_dir, combinations, classes)
  local pipe = io.popen(command)
  local output = pipe:read("*a")
  pipe:close()
  return output
end

describe("in one process", function()
  local combinations, classes = 1000, 410
  if helper.long then combinations, classes = 10000, 4096 end
  if helper.stress then combinations, classes = 100, 41 end

  it(("%d combinations of traits and %d classes of 8 fields and 8 methods have room"):format(combinations, classes),
    function()
      local output = run(combinations, classes)
      if helper.long then io.stderr:write(output) end
      local types = tonumber(output:match("(%d+) C types of 65536"))
      assert.is_number(types, output)
      -- What is left for each class, so that the long run must fit as well.
      assert.is_true(types - 260 < 14 * classes + 200, output)
    end)
end)
