-- molt.trait: declaring traits, their default methods, what they ask for.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

-- A declaration in another file: it changes nothing that is declared here.
local elsewhere = assert(loadstring("return (require 'molt'.trait(...))", "@elsewhere.lua"))

describe("a trait", function()
  it("gives the objects of a class its fields at their defaults", function()
    local Tank = molt.trait(fresh "Tank", { "double fuel = 10", "int32_t gears = -3", "bool open = true" })
    local o = molt.class(fresh "Car", { Tank })()
    assert.same({ 10, -3, true }, { o.fuel, o.gears, o.open })
  end)

  it("may be declared without any members", function()
    local Marker = molt.trait(fresh "Marker")
    assert.is_true(molt.is(molt.class(fresh "Rock", { Marker })(), Marker))
  end)

  it("is the same value when it is declared again", function()
    local name = fresh "Tank"
    local first = molt.trait(name, { "double fuel = 10" })
    assert.equal(first, molt.trait(name, { "double fuel = 10" }))
  end)

  it("keeps its defaults when a declaration elsewhere differs in those alone", function()
    local name = fresh "Tank"
    local Tank = molt.trait(name, { "double fuel = 10" })
    elsewhere(name, { "double fuel = 20" })
    assert.equal(10, molt.class(fresh "Car", { Tank })().fuel)
  end)

  it("takes further Lua-valued fields from a later declaration", function()
    local name = fresh "Tank"
    local Tank = molt.trait(name, { "double fuel = 10" })
    molt.trait(name, { "double fuel = 10", "any label" })
    assert.equal("any", molt.fields(Tank).label.type)
  end)

  it("refuses an unequal declaration and names both places", function()
    local name = fresh "Tank"
    molt.trait(name, { "double fuel = 10" })
    local line = debug.getinfo(1, "l").currentline
    local ok, err = pcall(elsewhere, name, { "float fuel = 10" })
    assert.is_false(ok)
    assert.equal(("trait '%s' is declared unequally: at tests/lua/trait_spec.lua:%d it has 'double fuel' where "
        .. "elsewhere.lua:1 has 'float fuel'"):format(name, line - 1), err.message)
  end)

  it("refuses to declare a member twice", function()
    local name = fresh "Tank"
    refuses(function() molt.trait(name, { "double fuel", "int32_t fuel" }) end,
      ("trait '%s' declares 'fuel' twice"):format(name))
  end)

  it("prints as what it is", function()
    local name = fresh "Tank"
    assert.equal("trait " .. name, tostring(molt.trait(name)))
  end)

  it("guards its metatable", function()
    local Tank = molt.trait(fresh "Tank")
    assert.equal("trait", getmetatable(Tank))
    assert.has_error(function() setmetatable(Tank, {}) end)
  end)

  it("is known by its name", function()
    local name = fresh "Tank"
    assert.equal(molt.trait(name), molt.find(name))
  end)

  it("is not there when one of its options is misspelt", function()
    local name = fresh "Tank"
    pcall(molt.trait, name, { "double fuel", requirs = {} })
    assert.is_nil((molt.find(name)))
  end)

  it("refuses an option it does not know and names a near one", function()
    local name = fresh "Tank"
    refuses(function() molt.trait(name, { requirs = {} }) end, ("trait '%s' has no option 'requirs'"):format(name),
      "did you mean 'requires'?")
  end)

  it("refuses a declaration that is no text, and says where in the list", function()
    local name = fresh "Tank"
    refuses(function() molt.trait(name, { "double fuel", 5 }) end,
      ("trait '%s' takes declarations as strings, got number at 2"):format(name))
  end)

  it("refuses keys that are neither a place in the list nor a name", function()
    local name = fresh "Tank"
    refuses(function() molt.trait(name, { [0] = "double fuel" }) end,
      ("trait '%s' takes a list of declarations and named options, got the key 0"):format(name))
  end)

  it("holds 64 typed methods", function()
    local lines = {}
    for i = 1, 64 do lines[i] = ("double m%d(double x)"):format(i) end
    local Wide = molt.trait(fresh "Wide", lines)
    local Impl = molt.impl(Wide)
    for i = 1, 64 do Impl["m" .. i] = function(_, x) return x * i end end
    local o = molt.class(fresh "Wide", { Impl })()
    local sum = 0
    for i = 1, 64 do sum = sum + o["m" .. i](o, 1) end
    assert.equal(64 * 65 / 2, sum)
  end)

  it("refuses 65 typed methods", function()
    local lines = {}
    for i = 1, 65 do lines[i] = ("void m%d()"):format(i) end
    local name = fresh "Wide"
    refuses(function() molt.trait(name, lines) end,
      ("trait '%s' declares 65 typed methods; the most is 64"):format(name))
  end)

  it("holds 300 fields, each with a place of its own", function()
    local lines = {}
    for i = 1, 300 do lines[i] = ("%s f%d = %d"):format(i % 3 == 0 and "int16_t" or "double", i, i) end
    local o = molt.class(fresh "Huge", { molt.trait(fresh "Huge", lines) })()
    for i = 1, 300 do o["f" .. i] = o["f" .. i] + 1000 end
    local sum = 0
    for i = 1, 300 do sum = sum + o["f" .. i] end
    assert.equal(300 * 1000 + 300 * 301 / 2, sum)
  end)

  it("may have fields named like words of the library", function()
    local names = { "object", "slot", "vtable", "self", "shape", "peer", "body", "block", "methods", "id", "k", "b",
      "o", "v" }
    local lines = {}
    for i, name in ipairs(names) do lines[i] = ("int32_t %s = %d"):format(name, i) end
    local o = molt.class(fresh "Odd", { molt.trait(fresh "Odd", lines) })()
    for i, name in ipairs(names) do
      assert.equal(i, o[name])
      o[name] = -i
    end
    for i, name in ipairs(names) do assert.equal(-i, o[name]) end
  end)

  it("refuses a keyword of Lua as a name", function()
    refuses(function() molt.trait("Keyword_1", { "double end" }) end,
      "expected a name, found 'end', which is a keyword of Lua\n  double end\n         ^")
  end)

  it("refuses a keyword of C as a name", function()
    refuses(function() molt.trait("Keyword_2", { "double switch" }) end,
      "expected a name, found 'switch', which is a keyword of C\n  double switch\n         ^")
  end)
end)

describe("a default method", function()
  it("answers where no class defines the name", function()
    local Tank = molt.trait(fresh "Tank", { describe = function() return "a tank" end })
    assert.equal("a tank", molt.class(fresh "Car", { Tank })():describe())
  end)

  it("yields to the class's own", function()
    local Tank = molt.trait(fresh "Tank", { describe = function() return "a tank" end })
    local Car = molt.class(fresh "Car", { Tank })
    function Car:describe() return "a car" end
    assert.equal("a car", Car():describe())
  end)

  it("fills a typed method", function()
    local Tank = molt.trait(fresh "Tank", { "double fuel = 8", "double range(double load)",
      range = function(self, load) return self.fuel / load end })
    assert.equal(2, molt.class(fresh "Car", { Tank })():range(4))
  end)

  it("redefined reaches the objects that live", function()
    local Tank = molt.trait(fresh "Tank", { describe = function() return "old" end })
    local o = molt.class(fresh "Car", { Tank })()
    function Tank:describe() return "new" end
    assert.equal("new", o:describe())
  end)

  it("added later reaches the objects that live", function()
    local Tank = molt.trait(fresh "Tank")
    local o = molt.class(fresh "Car", { Tank })()
    function Tank:added() return 1 end
    assert.equal(1, o:added())
  end)

  it("is read back from the trait", function()
    local Tank = molt.trait(fresh "Tank")
    local function describe() end
    Tank.describe = describe
    assert.equal(describe, Tank.describe)
  end)

  it("may be named like a verb or like Lua's own machinery", function()
    local names = { "attach", "detach", "destroy", "clone", "each", "name", "is", "as", "__index", "__newindex",
      "__gc", "__metatable", "__call", "molt" }
    local spec = {}
    for _, name in ipairs(names) do spec[name] = function() return name end end
    local o = molt.class(fresh "Odd", { molt.trait(fresh "Odd", spec) })()
    for _, name in ipairs(names) do assert.equal(name, o[name](o)) end
  end)

  it("refuses a value that is no function", function()
    local Tank = molt.trait(fresh "Tank")
    refuses(function() Tank.describe = "text" end, ("'describe' of %s takes a function, got string"):format(
      "trait '" .. molt.name(Tank) .. "'"), "fields are declared by a line of the trait: \"double fuel = 10\"")
  end)

  it("refuses a name that is no text", function()
    local Tank = molt.trait(fresh "Tank")
    refuses(function() Tank[1] = print end,
      ("bad argument #1 to 'trait %s' (method name expected, got number)"):format(molt.name(Tank)))
  end)

  it("that another trait defines too is a conflict, with both places", function()
    local A = molt.trait(fresh "A", { describe = function() end })
    local B = molt.trait(fresh "B", { describe = function() end })
    local line = debug.getinfo(1, "l").currentline
    local Both = molt.class(fresh "Both", { A, B })
    refuses(function() Both() end, ("class '%s' does not compose:\n  'describe' is defined by %s "
      .. "(tests/lua/trait_spec.lua:%d) and by %s (tests/lua/trait_spec.lua:%d)"):format(molt.name(Both), molt.name(A),
      line - 2, molt.name(B), line - 1))
  end)

  it("in conflict is settled by the class's own", function()
    local A = molt.trait(fresh "A", { describe = function() return "a" end })
    local B = molt.trait(fresh "B", { describe = function() return "b" end })
    local Both = molt.class(fresh "Both", { A, B, describe = function() return "both" end })
    assert.equal("both", Both():describe())
  end)
end)

describe("what a trait requires", function()
  it("is satisfied by another trait of the class", function()
    local Engine = molt.trait(fresh "Engine")
    local Vehicle = molt.trait(fresh "Vehicle", { requires = { Engine } })
    assert.is_true(molt.is(molt.class(fresh "Car", { Vehicle, Engine })(), Vehicle))
  end)

  it("may be one trait instead of a list", function()
    local Engine = molt.trait(fresh "Engine")
    local Vehicle = molt.trait(fresh "Vehicle", { requires = Engine })
    local Cart = molt.class(fresh "Cart", { Vehicle })
    assert.has_error(function() Cart() end)
  end)

  it("is named, with the place that asks for it, when a class lacks it", function()
    local Engine = molt.trait(fresh "Engine")
    local Vehicle = molt.trait(fresh "Vehicle", { requires = { Engine } })
    local line = debug.getinfo(1, "l").currentline - 1
    local Cart = molt.class(fresh "Cart", { Vehicle })
    refuses(function() Cart() end,
      ("class '%s' does not compose:\n  %s requires %s (declared at tests/lua/trait_spec.lua:%d)"):format(
        molt.name(Cart), molt.name(Vehicle), molt.name(Engine), line))
  end)

  it("refuses what is no trait", function()
    refuses(function() molt.trait("Requires_1", { requires = { true } }) end,
      "'requires' of trait 'Requires_1' takes a list of traits and declarations, got boolean at 1")
    refuses(function() molt.trait("Requires_2", { requires = 7 }) end,
      "'requires' of trait 'Requires_2' takes a list of traits and declarations, got number")
  end)
end)

describe("what a trait excludes", function()
  it("is named, with the place that says so, when a class has both", function()
    local Boat = molt.trait(fresh "Boat")
    local Plane = molt.trait(fresh "Plane", { excludes = { Boat } })
    local line = debug.getinfo(1, "l").currentline - 1
    local Both = molt.class(fresh "Both", { Boat, Plane })
    refuses(function() Both() end,
      ("class '%s' does not compose:\n  %s excludes %s (declared at tests/lua/trait_spec.lua:%d)"):format(
        molt.name(Both), molt.name(Plane), molt.name(Boat), line))
  end)

  it("is listed together with everything else that is wrong", function()
    local Boat = molt.trait(fresh "Boat")
    local Engine = molt.trait(fresh "Engine")
    local Plane = molt.trait(fresh "Plane", { "void fly()", requires = { Engine }, excludes = { Boat } })
    local Both = molt.class(fresh "Both", { Boat, Plane })
    local _, err = pcall(Both)
    local _, lines = err.message:gsub("\n  ", "")
    assert.equal(3, lines)
  end)
end)
