-- What traits require of one another, and what they exclude: checked as a set,
-- with one error that lists everything.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local function plain(name)
  return molt.class(fresh(name or "Plain"), {})
end

-- The message of the error that fn raises.
local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message, err.code
end

local function line_here(offset)
  return ("%s:%d"):format(debug.getinfo(2, "S").short_src, debug.getinfo(2, "l").currentline + (offset or 0))
end

describe("a required trait", function()
  it("may be declared later, when it is named in a line", function()
    local a, b = fresh "Early", fresh "Late"
    local Early = molt.trait(a, { requires = { "trait " .. b } })
    local Late = molt.trait(b)
    local o = molt.attach(plain()(), { Early, Late })
    assert.is_true(molt.is(o, Early) and molt.is(o, Late))
  end)

  it("is missing while nobody declared it", function()
    local a = fresh "Early"
    local Early = molt.trait(a, { requires = "trait Never" })
    local where = line_here(-1)
    local text, code = message(molt.attach, plain()(), Early)
    assert.truthy(text:find(("%s requires Never (declared at %s)"):format(a, where), 1, true))
    assert.equal("missing", code)
  end)

  it("may require the other: both are attached in one call, in any order", function()
    local a, b = fresh "Ping", fresh "Pong"
    local Ping = molt.trait(a, { "double ping = 1", requires = { "trait " .. b } })
    local Pong = molt.trait(b, { "double pong = 2", requires = { Ping } })
    for _, list in ipairs { { Ping, Pong }, { Pong, Ping } } do
      local o = molt.attach(plain()(), list)
      assert.same({ 1, 2 }, { o.ping, o.pong })
    end
  end)

  it("is not attached without the other of the pair", function()
    local a, b = fresh "Ping", fresh "Pong"
    local Ping = molt.trait(a, { requires = { "trait " .. b } })
    local Pong = molt.trait(b, { requires = { Ping } })
    local o = plain()()
    assert.truthy(message(molt.attach, o, Ping):find(a .. " requires " .. b, 1, true))
    assert.truthy(message(molt.attach, o, Pong):find(b .. " requires " .. a, 1, true))
    assert.same({}, molt.traits_of(o))
  end)

  it("keeps the other attached while it is needed", function()
    local Base = molt.trait(fresh "Base")
    local Needs = molt.trait(fresh "Needs", { requires = { Base } })
    local o = molt.attach(plain()(), { Needs, Base })
    assert.equal("in_use", select(2, message(molt.detach, o, Base)))
    assert.is_true(molt.is(o, Base))
    molt.detach(o, Needs)
    molt.detach(o, Base)
    assert.same({}, molt.traits_of(o))
  end)

  it("takes what names it along in a cascade, one another included", function()
    local a, b = fresh "RequirePing", fresh "RequirePong"
    local Ping = molt.trait(a, { requires = { "trait " .. b } })
    local Pong = molt.trait(b, { requires = { Ping } })
    local Other = molt.trait(fresh "Other")
    local o = molt.attach(plain()(), { Ping, Pong, Other })
    assert.equal("in_use", select(2, message(molt.detach, o, Pong)))
    molt.detach(o, Pong, { cascade = true })
    assert.same({ Other }, molt.traits_of(o))
  end)

  it("is not detached, cascade or not, while a method that it brings is required", function()
    local Brings = molt.trait(fresh "Brings", { scale = function() return 1 end })
    local Wants = molt.trait(fresh "Wants", { requires = { "scale" } })
    local o = molt.attach(plain()(), { Brings, Wants })
    assert.equal("missing", select(2, message(molt.detach, o, Brings)))
    assert.equal("missing", select(2, message(molt.detach, o, Brings, { cascade = true })))
    assert.is_true(molt.is(o, Brings))
  end)
end)

describe("a required method", function()
  local Range = molt.trait("RequireRange", { requires = { "double range(double)" } })

  it("is listed with its signature and where it was declared, when it is missing", function()
    local text, code = message(molt.attach, plain()(), Range)
    assert.truthy(text:find("RequireRange requires the method 'double range(double)' (declared at tests", 1, true))
    assert.equal("missing", code)
  end)

  it("may be a Lua method of the class", function()
    local o = molt.class(fresh "Own", { range = function() return 7 end })()
    assert.equal(7, molt.attach(o, Range):range())
  end)

  it("may be a typed method of another trait, with the same signature", function()
    local Typed = molt.trait(fresh "Typed", { "double range(double load)", range = function(_, load) return load end })
    assert.equal(3, molt.attach(plain()(), { Range, Typed }):range(3))
  end)

  it("is no typed method with another signature", function()
    local name = fresh "Typed"
    local Typed = molt.trait(name, { "int range()", range = function() return 1 end })
    local text, code = message(molt.attach, plain()(), { Range, Typed })
    assert.truthy(text:find(("but %s has 'int32_t range()' (tests"):format(name), 1, true), text)
    assert.equal("conflict", code)
  end)

  it("may be named without a signature", function()
    local Named = molt.trait(fresh "Named", { requires = { "describe" } })
    assert.equal("missing", select(2, message(molt.attach, plain()(), Named)))
    local o = molt.class(fresh "Own", { describe = function() return "own" end })()
    assert.is_true(molt.is(molt.attach(o, Named), Named))
  end)

  it("may be brought by the trait's own class, and not be taken away while it is needed", function()
    local Car = molt.class(fresh "Car", { Range, range = function() return 1 end })
    local o = Car()
    assert.equal("missing", select(2, message(function() Car.range = nil end)))
    assert.equal(1, o:range())
  end)

  it("is required of the implementation too", function()
    local T = molt.trait(fresh "T", { "double speed()", requires = { "double range(double)" } })
    local Impl = molt.impl(T, { speed = function() return 1 end })
    assert.equal("missing", select(2, message(molt.attach, plain()(), Impl)))
    Impl.range = function() return 2 end
    assert.equal(2, molt.attach(plain()(), Impl):range())
  end)
end)

describe("a required field", function()
  local Fuel = molt.trait("RequireFuel", { requires = { "double fuel" }, burn = function(self) self.fuel = self.fuel - 1 end })

  it("is listed with its type, when it is missing", function()
    local text, code = message(molt.attach, plain()(), Fuel)
    assert.truthy(text:find("RequireFuel requires the field 'double fuel' (declared at tests", 1, true))
    assert.equal("missing", code)
  end)

  it("is that of another trait", function()
    local Tank = molt.trait(fresh "Tank", { "double fuel = 4" })
    local o = molt.attach(plain()(), { Fuel, Tank })
    o:burn()
    assert.equal(3, o.fuel)
  end)

  it("is no field of another type", function()
    local name = fresh "Tank"
    local Tank = molt.trait(name, { "float fuel" })
    local text, code = message(molt.attach, plain()(), { Fuel, Tank })
    assert.truthy(text:find(("but %s has 'float fuel' (tests"):format(name), 1, true), text)
    assert.equal("conflict", code)
  end)

  it("may be a Lua-valued one", function()
    local Driven = molt.trait(fresh "Driven", { requires = { "any driver" } })
    local Seat = molt.trait(fresh "Seat", { "any driver" })
    assert.equal("missing", select(2, message(molt.attach, plain()(), Driven)))
    assert.is_true(molt.is(molt.attach(plain()(), { Driven, Seat }), Driven))
  end)
end)

describe("an exclusion", function()
  it("holds in whichever order the two arrive", function()
    local Fire = molt.trait(fresh "Fire")
    local Ice = molt.trait(fresh "Ice", { excludes = { Fire } })
    local o, p = molt.attach(plain()(), Fire), molt.attach(plain()(), Ice)
    assert.equal("excluded", select(2, message(molt.attach, o, Ice)))
    assert.equal("excluded", select(2, message(molt.attach, p, Fire)))
    assert.equal("excluded", select(2, message(molt.attach, plain()(), { Fire, Ice })))
  end)

  it("may name a trait that is declared later", function()
    local fire = fresh "Fire"
    local Ice = molt.trait(fresh "Ice", { excludes = { "trait " .. fire } })
    local o = molt.attach(plain()(), Ice)
    local Fire = molt.trait(fire)
    assert.equal("excluded", select(2, message(molt.attach, o, Fire)))
  end)

  it("takes traits only", function()
    local name = fresh "Ice"
    refuses(function() molt.trait(name, { excludes = { "double fuel" } }) end,
      "only traits are excluded, got 'double fuel'")
    refuses(function() molt.trait(name, { excludes = { "Fire" } }) end, "only traits are excluded, got 'Fire'",
      "a trait by its name is written \"trait Fire\"")
  end)

  it("of what the trait itself requires is refused when it is declared", function()
    local Base = molt.trait(fresh "Base")
    local name = fresh "Odd"
    local text, code = message(molt.trait, name, { requires = { Base }, excludes = { Base } })
    assert.truthy(text:find(("trait '%s' could never be part of anything: it needs %s"):format(name, name), 1, true))
    assert.equal("declaration", code)
  end)

  it("in a cycle of requirements that it makes impossible is refused, and the trait is not declared", function()
    local a, b, c = fresh "A", fresh "B", fresh "C"
    local A = molt.trait(a, { requires = { "trait " .. b } })
    local B = molt.trait(b, { requires = { "trait " .. c } })
    assert.equal("declaration", select(2, message(molt.trait, c, { requires = { A }, excludes = { B } })))
    assert.is_nil(molt.find(c))
    molt.trait(c, { requires = { A } })
    assert.is_true(molt.is(molt.attach(plain()(), { A, B, molt.find(c) }), B))
  end)
end)

describe("one error", function()
  it("lists everything that is missing, in conflict or excluded, each with where it was declared", function()
    local Boat = molt.trait(fresh "Boat", { go = function() end })
    local Wheel = molt.trait(fresh "Wheel", { go = function() end, "double range(double)" })
    local Needy = molt.trait(fresh "Needy", {
      requires = { "trait Sky", "double wings", "void fly()" }, excludes = { Boat },
    })
    local o = plain()()
    local text = message(molt.attach, o, { Boat, Wheel, Needy })
    local here = "tests/lua/require_spec.lua:%d+%)"
    for _, line in ipairs {
      "requires Sky %(declared at " .. here,
      "requires the field 'double wings' %(declared at " .. here,
      "requires the method 'void fly%(%)' %(declared at " .. here,
      "excludes Boat_%d+ %(declared at " .. here,
      "'go' is defined by Boat_%d+ %(" .. here .. " and by Wheel_%d+ %(" .. here,
      "range has no implementation: 'double range%(double%)', declared at " .. here:gsub("%%%)", ""),
    } do
      assert.truthy(text:find(line), line .. "\n" .. text)
    end
    assert.same({}, molt.traits_of(o))
  end)

  it("says how many more there are when it grows too long", function()
    local lines = {}
    for i = 1, 100 do lines[i] = ("double a_field_with_a_name_of_some_length_%d"):format(i) end
    local text = message(molt.attach, plain()(), molt.trait(fresh "Many", { requires = lines }))
    assert.truthy(text:find("… and %d+ more$"), text)
  end)

  it("leaves a class as it was", function()
    local Car = plain "Car"
    local o = Car()
    assert.equal("missing", select(2, message(molt.use, Car, molt.trait(fresh "Needs", { requires = "double fuel" }))))
    assert.same({}, molt.traits_of(Car))
    assert.same({}, molt.traits_of(o))
  end)
end)

describe("a requirement", function()
  it("has no default", function()
    local name = fresh "T"
    refuses(function() molt.trait(name, { requires = { "double fuel = 1" } }) end,
      "what is required has no default: 'double fuel = 1'")
  end)

  it("that is no declaration is refused, and the trait is not declared", function()
    local name = fresh "T"
    assert.equal("declaration", select(2, message(molt.trait, name, { requires = { "dubble fuel" } })))
    assert.is_nil(molt.find(name))
  end)

  it("is a trait or a line, nothing else", function()
    local name = fresh "T"
    refuses(function() molt.trait(name, { requires = { 7 } }) end,
      ("'requires' of trait '%s' takes a list of traits and declarations, got number at 1"):format(name))
  end)
end)

describe("attaching a list", function()
  local A, B = molt.trait("SetA", { "double a = 1" }), molt.trait("SetB", { "double b = 2" })

  it("is one change of shape, and cached", function()
    local Car = plain "Car"
    local o, p = molt.attach(Car(), { A, B }), molt.attach(Car(), { B, A })
    assert.equal(debug.getmetatable(o), debug.getmetatable(p))
    assert.equal(debug.getmetatable(o), debug.getmetatable(molt.attach(Car(), { A, B })))
  end)

  it("takes a trait that is named twice as one", function()
    assert.equal(1, molt.attach(plain()(), { A, A, B }).a)
  end)

  it("takes a trait with an implementation of it as the implementation", function()
    local Impl = molt.impl(A, { a = 9 })
    assert.equal(9, molt.attach(plain()(), { A, Impl }).a)
  end)

  it("refuses two implementations of one trait, and says the way out", function()
    local One, Two = molt.impl(A, { a = 1 }), molt.impl(A, { a = 2 })
    local o = plain()()
    local err = select(2, pcall(molt.attach, o, { One, Two }))
    assert.equal("conflict", err.code)
    assert.truthy(err.message:find("two implementations of '" .. molt.name(A), 1, true))
    assert.equal("attach one of them, and define on it what the other one brings", err.hint)
    assert.same({}, molt.traits_of(o))
  end)

  it("refuses an implementation with open slots, and names them", function()
    local T = molt.trait(fresh "T", { "double f()", "double g()" })
    local Impl = molt.impl(T, { f = function() return 1 end })
    assert.same({ "g" }, molt.missing(Impl))
    local o = plain()()
    local text = message(molt.attach, o, { A, Impl })
    assert.truthy(text:find("g has no implementation: 'double g()', declared at ", 1, true))
    assert.same({}, molt.traits_of(o))
  end)
end)

describe("a class", function()
  it("cannot extend one that extends it", function()
    local name = fresh "Base"
    local Base = molt.class(name, {})
    local Sub = molt.class(fresh "Sub", { extends = Base })
    local text = message(molt.class, name, { extends = Sub })
    assert.truthy(text:find(("class '%s' cannot extend '%s', which extends it (tests"):format(name, molt.name(Sub)), 1, true))
    assert.truthy(message(molt.class, name, { extends = Base }):find("cannot extend", 1, true))
  end)
end)
