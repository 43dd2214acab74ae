-- The examples print what the comments at their ends say.

local helper = require "helper"
local dir = require "pl.dir"
local path = require "pl.path"

local markdown = dofile(path.join(helper.source_dir, "tests/tools/markdown.lua"))
local shell = dofile(path.join(helper.source_dir, "tests/tools/shell.lua"))

local function examples(mask)
  local list = {}
  for _, file in ipairs(dir.getfiles(path.join(helper.source_dir, "examples"), mask)) do
    list[#list + 1] = path.relpath(file, helper.source_dir)
  end
  table.sort(list)
  assert(#list > 0)
  return list
end

local function assert_prints(example, status, out, err)
  local expected = markdown.printed_output(shell.read(path.join(helper.source_dir, example)))
  assert(expected, example .. " does not end with its printed output")
  assert(status == 0, ("exit status %d\n%s\n%s"):format(status, out, err))
  if not markdown.matches(expected, out) then assert.equal(expected, out) end
end

describe("the examples", function()
  for _, example in ipairs(examples("*.lua")) do
    it(("print what they say: %s"):format(example), function()
      assert_prints(example, shell.run(("%s %s"):format(helper.lua, example), helper.source_dir))
    end)
  end

  for _, example in ipairs(examples("*.c")) do
    it(("print what they say: %s"):format(example), function()
      local program = path.join(helper.build_dir, "examples", (path.splitext(path.basename(example))))
      assert_prints(example, shell.run(shell.quoted(program), helper.source_dir))
    end)
  end

  it("follow the edits of who reads along", function()
    local place = shell.new_folder()
    local status, out, err = shell.run(([[
      cp -r %s/examples . && sed -i 's/wind;/wind - 5;/' examples/reload/drone.c
      %s examples/reload.lua follow >out 2>&1 & follower=$!
      until_it_says() { for i in $(seq 200); do grep -q "$1" out && return; sleep 0.1; done; cat out; return 1; }
      until_it_says 'edit .*drone.c, then' &&
      sed -i 's/ - 5;/;/' examples/reload/drone.c && "$MOLT_COMMAND" build examples/reload/drone.c &&
      until_it_says 'accepted: generation 2' && until_it_says 'Ada .* 15.0 km' && grep -q 'Ada .* 12.5 km' out
      status=$?
      kill $follower
      exit $status]]):format(shell.quoted(helper.source_dir), helper.lua), place)
    assert(status == 0, out .. err)
    shell.remove_folder(place)
  end)

  it("leave nothing behind", function()
    local place = shell.new_folder()
    local status = shell.run(("TMPDIR=%s %s examples/demo.lua"):format(place, helper.lua), helper.source_dir)
    assert.equal(0, status)
    assert.same({}, dir.getdirectories(place))
    assert.same({}, dir.getfiles(place))
    shell.remove_folder(place)
  end)

  it("end with status 1 and without litter when the demo cannot compile", function()
    local place = shell.new_folder()
    local line = "CC=false TMPDIR=%s %s examples/demo.lua"
    local status, _, err = shell.run(line:format(place, helper.lua), helper.source_dir)
    assert.equal(1, status)
    assert.truthy(err:find("demo failed: the build failed", 1, true), err)
    assert.same({}, dir.getdirectories(place))
    shell.remove_folder(place)
  end)
end)
