-- The table of codes in docs/errors.md: complete, and each example is what Molt says.

local helper = require "helper"
local path = require "pl.path"

local markdown = dofile(path.join(helper.source_dir, "tests/tools/markdown.lua"))
local shell = dofile(path.join(helper.source_dir, "tests/tools/shell.lua"))

local document = shell.read(path.join(helper.source_dir, "docs/errors.md"))

-- code -> example
local function rows()
  local found = {}
  for code, example in document:gmatch("\n| `([%l_]+)` | [^|]* | `([^\n]-)` |") do found[code] = example end
  return found
end

-- The codes of MOLT_ERRORS.
local function codes()
  local found = {}
  local list = shell.read(path.join(helper.source_dir, "core/include/molt/base.h"))
  for name in list:gmatch("\n    X%(([%u_]+), +%-%d+,") do found[name:lower()] = true end
  return found
end

-- A process of its own: prints the code and, in one line, the message of what it provokes.
local program = [[
local molt = require "molt"

local Vehicle = molt.trait("Vehicle", { "double fuel = 10" })
local Car = molt.class("Car", { Vehicle })
local function tell(err) print(err.code, (err.message:gsub("\n +", " "))) end

local function provoke(fn, ...)
  local ok, err = pcall(fn, ...)   -- line 8: what has no line of its own is blamed on this one
  assert(not ok)
  tell(err)
end

local function refused(result, err)
  assert(result == nil)
  tell(err)
end

local car = Car {}
local Door = molt.trait("Door", { "uint8_t doors" })
molt.attach(car, Door)
local Duck = molt.trait("Duck", { speak = function() end })
local Dog = molt.trait("Dog", { speak = function() end })
local Toy = molt.class("Toy", { Duck, Dog })
local Boat = molt.trait("Boat", { excludes = { Vehicle } })

provoke(molt.attach, car, nil)
provoke(molt.trait, "Vehicle", { "float fuel = 10" })
provoke(molt.override, car, "rnage", print)
provoke(function() car.fuel = "plenty" end)
provoke(function() car.doors = 300 end)
provoke(Toy)
provoke(molt.attach, Car {}, Boat)
provoke(molt.detach, car, Vehicle)

local trouble = assert(molt.load(NATIVES .. "/trouble"))
local Troubled = molt.class("Troubled", { trouble.Trouble })
function Troubled:ask(x) return x end
local o = Troubled {}
provoke(o.leaf_asks, o, 1)
o.ask = function(self, x) return self:asks(x) end
provoke(o.asks, o, 1)
o.ask = coroutine.yield
provoke(coroutine.wrap(function() return o:asks(1) end))
o.ask = molt.tick
provoke(o.asks, o, 1)
molt.restore(o)
o:thread_asks()

refused(molt.load "nothing")
refused(molt.load(FOLDER .. "/game.lua"))
refused(molt.load(FOLDER .. "/newer.so"))
refused(molt.load(NATIVES .. "/refuses"))

local view = molt.as(car, Vehicle)
local spoilt = Car {}
spoilt[0] = 7
provoke(function() return spoilt.fuel end)
molt.destroy(car)
provoke(function() return car.fuel end)
provoke(function() return view.fuel end)

local Cart = molt.class("Cart", { molt.trait("Road", { "double range(double load)" }) })
provoke(Cart)
]]

-- A module like another, but made for a header to come.
local function write_newer(file)
  local image = shell.read(path.join(helper.build_dir, "tests/natives/trouble.so"))
  local before, after = image:match("^(.*Molt%z+)\2%z%z%z(.*)$")
  assert(before, "the module's note has another form")
  shell.write(file, before .. "\3\0\0\0" .. after)
end

-- code -> message, of one run of the program; and what went to the log.
local function provoke_all()
  local folder = shell.new_folder()
  local natives = path.join(helper.build_dir, "tests/natives")
  local text = program:gsub("NATIVES", ("%q"):format(natives)):gsub("FOLDER", ("%q"):format(folder))
  shell.write(folder .. "/game.lua", text)
  write_newer(folder .. "/newer.so")
  local status, out, err = shell.run(helper.lua .. " game.lua", folder)
  shell.remove_folder(folder)
  assert(status == 0, out .. err)
  local found = {}
  for code, message in out:gmatch("([%l_]+)\t([^\n]*)\n") do
    assert.is_nil(found[code], code .. " is provoked twice")
    found[code] = message
  end
  return found, err
end

-- Of these docs/errors.md, docs/embedding.md or examples/embed.c have a program that provokes them.
local elsewhere = { memory = "docs/errors.md", closed = "docs/errors.md", lua = "examples/embed.c" }

describe("the table of error codes", function()
  it("has every code and no other", function()
    local documented = {}
    for code in pairs(rows()) do documented[code] = true end
    assert.same(codes(), documented)
  end)

  it("shows what is really said", function()
    local said, log = provoke_all()
    for code, example in pairs(rows()) do
      if elsewhere[code] then
        local source = shell.read(path.join(helper.source_dir, elsewhere[code]))
        assert(source:find("\n[^|\n]*" .. example:gsub("%p", "%%%0"):gsub("…", ".-")), code)
      elseif code == "thread" then
        assert(log:find(example, 1, true), log)
      elseif not markdown.matches(example .. "\n", (said[code] or "nothing") .. "\n") then
        assert.equal(example, said[code], code)
      end
    end
  end)
end)
