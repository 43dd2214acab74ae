-- molt.impl and molt.missing: partial implementations as values.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Gun = molt.trait("ImplGun", {
  "double reach = 5", "int8_t rounds = 6", "any label", "double fire(double power)", "void reload()", "bool empty()",
  empty = function(self) return self.rounds == 0 end,
})

local function sniper()
  return molt.impl(Gun, {
    reach = 100,
    fire = function(self, power) return self.reach * power end,
    reload = function(self) self.rounds = 1 end,
  })
end

describe("an implementation", function()
  it("fills the methods of a class", function()
    local o = molt.class(fresh "Soldier", { sniper() })()
    o:reload()
    assert.same({ 200, 1 }, { o:fire(2), o.rounds })
  end)

  it("gives new objects the values it starts with", function()
    assert.equal(100, molt.class(fresh "Soldier", { sniper() })().reach)
  end)

  it("gives new objects its Lua-valued fields, too", function()
    local Impl = sniper()
    Impl.label = "sniper"
    assert.equal("sniper", molt.class(fresh "Soldier", { Impl })().label)
  end)

  it("lets go of a Lua-valued field, and takes it again, in its place", function()
    local T = molt.trait(fresh "T", { "any first", "any second" })
    local gives = molt.impl(T, { first = 1, second = 2 })
    local later = molt.impl(T, { first = "later" })
    local C = molt.class(fresh "C", { T, gives })
    gives.first = nil
    assert.is_nil(C().first)
    gives.first = 3
    assert.same({ 3, 2 }, { C().first, C().second })
    assert.equal(3, molt.attach(molt.class(fresh "D", {})(), gives).first)
    molt.use(C, later)
    assert.equal("later", C().first)
    molt.drop(C, later)
    assert.equal(3, C().first)
  end)

  it("leaves the values of objects that live alone", function()
    local Soldier = molt.class(fresh "Soldier", { Gun, fire = function() return 0 end, reload = function() end })
    local before = Soldier()
    molt.use(Soldier, sniper())
    assert.same({ 5, 100 }, { before.reach, Soldier().reach })
  end)

  it("may be used by many classes", function()
    local Impl = sniper()
    local a, b = molt.class(fresh "A", { Impl })(), molt.class(fresh "B", { Impl })()
    assert.same({ 100, 100 }, { a:fire(1), b:fire(1) })
  end)

  it("is not touched by what a class does with it", function()
    local Impl = sniper()
    local Soldier = molt.class(fresh "Soldier", { Impl })
    function Soldier:fire() return "own" end
    assert.equal("own", Soldier():fire(1))
    assert.equal(100, molt.class(fresh "Other", { Impl })():fire(1))
  end)

  it("may be filled bit by bit, and redefined under live objects", function()
    local Impl = molt.impl(Gun)
    function Impl:fire() return 1 end
    function Impl:reload() end
    local o = molt.class(fresh "Soldier", { Impl })()
    assert.equal(1, o:fire(0))
    function Impl:fire() return 2 end
    assert.equal(2, o:fire(0))
  end)

  it("may define methods that its trait does not declare", function()
    local Impl = sniper()
    function Impl:describe() return "a sniper" end
    assert.equal("a sniper", molt.class(fresh "Soldier", { Impl })():describe())
  end)

  it("is read back: methods and values", function()
    local function fire() end
    local Impl = molt.impl(Gun, { fire = fire, reach = 7, label = "x" })
    assert.same({ fire, 7, "x" }, { Impl.fire, Impl.reach, Impl.label })
    assert.is_nil(Impl.reload)
  end)

  it("prints as what it is", function()
    assert.equal("impl ImplGun of ImplGun", tostring(sniper()))
  end)

  it("guards its metatable", function()
    assert.equal("impl", getmetatable(sniper()))
  end)

  it("refuses a value that does not fit, and keeps the old one", function()
    local Impl = molt.impl(Gun, { rounds = 3 })
    refuses(function() Impl.rounds = 1000 end, "number 1000 is out of range for int8_t field 'rounds' (-128 to 127)")
    refuses(function() Impl.rounds = "six" end, "field 'rounds' takes an int8_t, got string")
    refuses(function() Impl.rounds = print end, "field 'rounds' takes an int8_t, got function")
    assert.equal(3, Impl.rounds)
  end)

  it("refuses a value for a name that is no field, and says a near one", function()
    local Impl = molt.impl(Gun)
    refuses(function() Impl.raech = 5 end,
      "trait 'ImplGun' has no field 'raech' for the implementation to fill with a number", "did you mean 'reach'?")
  end)

  it("refuses keys that are no names", function()
    local Impl = molt.impl(Gun)
    refuses(function() Impl[1] = print end,
      "bad argument #1 to 'impl ImplGun' (name of a method or field expected, got number)")
    refuses(function() molt.impl(Gun, { print }) end,
      "an implementation of 'ImplGun' takes named methods and fields, got the key 1")
  end)

  it("refuses what is no trait, and what is no table", function()
    refuses(function() molt.impl("ImplGun", {}) end, "bad argument #1 to 'impl' (trait expected, got string)")
    refuses(function() molt.impl() end, "bad argument #1 to 'impl' (trait expected, got nil)")
    refuses(function() molt.impl(Gun, 5) end, "bad argument #2 to 'impl' (table expected, got number)")
  end)
end)

describe("molt.missing", function()
  it("names the typed methods that are still open, in the trait's order", function()
    assert.same({ "fire", "reload" }, molt.missing(molt.impl(Gun)))
  end)

  it("counts the trait's own defaults as filled", function()
    assert.same({ "reload" }, molt.missing(molt.impl(Gun, { fire = function() end })))
  end)

  it("is empty for a whole implementation", function()
    assert.same({}, molt.missing(sniper()))
  end)

  it("knows what native implementations leave open", function()
    local timer = assert(molt.load(helper.build_dir .. "/natives/timer"))
    assert.same({ "fired" }, molt.missing(timer.Timer))
  end)

  it("refuses what is no implementation", function()
    refuses(function() molt.missing(Gun) end, "bad argument #1 to 'missing' (impl expected, got trait)")
    refuses(function() molt.missing() end, "bad argument #1 to 'missing' (impl expected, got nil)")
  end)
end)
