-- A host that we did not write: LÖVE, on a display that nobody sees.

local helper = require "helper"
local path = require "pl.path"

local shell = dofile(path.join(helper.source_dir, "tests/tools/shell.lua"))

-- LÖVE brings its own LuaJIT: how the suite runs makes no difference to it.
if not shell.once then return end

describe("under LÖVE", function()
  local folder
  setup(function() folder = shell.new_folder() end)
  teardown(function() shell.remove_folder(folder) end)

  local function love(arguments)
    local line = "HOME=. MOLT_SCREENSHOT=sheep.png SDL_AUDIODRIVER=dummy "
      .. "timeout 120 xvfb-run -a love %s/examples/love %s"
    return shell.run(line:format(shell.quoted(helper.source_dir), arguments), folder)
  end

  it("a thousand objects follow a native module in love.update", function()
    local status, out, err = love("--frames 300")
    assert.equal("love ok: 1000 sheep, 300 frames, 0 near the wolf\n", out, err)
    assert.equal(0, status)
  end)

  it("they are seen on the screen", function()
    love("--frames 2")
    local picture = shell.read(path.join(folder, "sheep.png"))
    assert.equal("\137PNG\r\n\26\n", picture:sub(1, 8))
    assert.is_true(#picture > 5000, "a thousand dots do not fit into " .. #picture .. " bytes")
  end)

  it("an error ends the program with a status of its own", function()
    local status, out = love("--frames many")
    assert.not_equal(0, status)
    assert.is_nil(out:find("love ok", 1, true))
  end)
end)
