-- swap: a native module's file that is replaced, as a rebuild would.

local swap = {}

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

-- { path = …, exchange = function() } over the two builds of peers/gauge.c.
function swap.new(build)
  local folder = build .. "/tests/bench"
  local builds = { contents(folder .. "/gauge_a.so"), contents(folder .. "/gauge_b.so") }
  local path = os.tmpname()
  os.remove(path)
  path = path .. ".so"
  local turn = 0
  local file = { path = path }
  function file.exchange()
    turn = turn % 2 + 1
    local fresh = assert(io.open(path .. ".new", "wb"))
    fresh:write(builds[turn])
    fresh:close()
    assert(os.rename(path .. ".new", path))
  end
  function file.remove() os.remove(path) end
  file.exchange()
  return file
end

return swap
