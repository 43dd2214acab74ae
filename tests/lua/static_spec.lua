-- Static members: functions and values of a trait or class itself.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local function vehicle()
  local n = 0
  return molt.trait(fresh "Vehicle", { static = {
    wheels = 4,
    open = false,
    count = function() n = n + 1 return n end,
  } })
end

describe("a static member", function()
  it("is reached on the trait, on a class that has it, and on its extensions", function()
    local T = vehicle()
    local C = molt.class(fresh "C", { T })
    local Sub = molt.class(fresh "Sub", { extends = C })
    assert.equal(1, T.count())
    assert.equal(2, C.count())
    assert.equal(3, Sub.count())
    assert.equal(4, Sub.wheels)
    assert.is_false(Sub.open)
  end)

  it("is not composed into objects", function()
    local o = molt.class(fresh "C", { vehicle(), static = { own = 1 } })()
    assert.is_nil(o.count)
    assert.is_nil(o.wheels)
    assert.is_nil(o.own)
    o.count = 3
    assert.equal(3, o.count)
  end)

  it("of a class hides its trait's, which hides its base's", function()
    local Base = molt.class(fresh "Base", { static = { wheels = 1, only = 5 } })
    local Mid = molt.class(fresh "Mid", { vehicle(), extends = Base })
    local Top = molt.class(fresh "Top", { extends = Mid, static = { wheels = 9 } })
    assert.same({ 1, 4, 9, 5 }, { Base.wheels, Mid.wheels, Top.wheels, Top.only })
  end)

  it("is defined anew by assignment, live", function()
    local T = vehicle()
    local C = molt.class(fresh "C", { T })
    T.wheels = 3
    assert.equal(3, C.wheels)
    function T.count() return "T" end
    assert.equal("T", C.count())
    function C.count() return "C" end
    assert.equal("C", C.count())
    assert.equal("T", T.count())
    C.count = nil
    assert.equal("T", C.count())
    assert.is_nil(C().count)
  end)

  it("comes and goes with the trait", function()
    local T = vehicle()
    local C = molt.class(fresh "C", {})
    assert.is_nil(C.wheels)
    molt.use(C, T)
    assert.equal(4, C.wheels)
    molt.drop(C, T)
    assert.is_nil(C.wheels)
  end)

  it("is hidden by a method of the class", function()
    local C = molt.class(fresh "C", { vehicle(), wheels = function() return "method" end })
    assert.equal("method", C:wheels())
  end)
end)

describe("patches of a static member", function()
  it("reach whoever has it from there, and can be removed in any order", function()
    local T = vehicle()
    local C = molt.class(fresh "C", { T })
    local D = molt.class(fresh "D", { T })
    local low = molt.override(T, "count", function() return "low" end)
    local high = molt.override(T, "count", function() return "high" end)
    local mine = molt.override(C, "count", function() return "mine" end)
    assert.same({ "high", "mine", "high" }, { T.count(), C.count(), D.count() })
    assert.is_true(low:remove())
    assert.equal("high", T.count())
    assert.is_true(mine:remove())
    assert.equal("high", C.count())
    assert.is_true(high:remove())
    assert.is_false(high:remove())
    assert.equal(1, C.count())
  end)

  it("stay over what is defined meanwhile", function()
    local T = vehicle()
    local C = molt.class(fresh "C", { T })
    local patch = molt.override(C, "wheels", 1)
    C.wheels = 2
    assert.equal(1, C.wheels)
    patch:remove()
    assert.equal(2, C.wheels)
    patch = molt.override(C, "wheels", 1)
    C.wheels = nil
    assert.equal(1, C.wheels)
    patch:remove()
    assert.equal(4, C.wheels)
  end)

  it("are all taken away by restore", function()
    local T = vehicle()
    local C = molt.class(fresh "C", { T })
    molt.override(C, "wheels", 1)
    molt.override(C, "count", function() return 0 end)
    assert.equal(1, molt.restore(C, "wheels"))
    assert.equal(4, C.wheels)
    assert.equal(1, molt.restore(C))
    assert.equal(1, C.count())
    molt.override(T, "wheels", 2)
    assert.equal(1, molt.restore(T))
    assert.equal(4, C.wheels)
  end)

  it("take a function where there was one", function()
    local C = molt.class("StaticCar", { vehicle() })
    refuses(function() molt.override(C, "count", 1) end, "bad argument #3 to 'override' (function expected, got number)")
    refuses(function() molt.override(C, "wheels", nil) end, "bad argument #3 to 'override' (value expected, got nil)")
  end)

  it("of a trait need a static member of that name", function()
    local T = molt.trait("StaticNear", { static = { count = 1 } })
    refuses(function() molt.override(T, "coutn", 1) end, "trait 'StaticNear' has no static member 'coutn'",
      "did you mean 'count'?")
  end)
end)

describe("a conflict of static members", function()
  local file = debug.getinfo(1, "S").short_src
  local line = debug.getinfo(1, "l").currentline
  local A = molt.trait("StaticA", { static = { n = 1 } })
  local B = molt.trait("StaticB", { static = { n = 2 } })

  it("is an error where the class is declared, or uses the second", function()
    local err = refuses(function() molt.class("StaticBoth", { A, B }) end, ("static 'n' of class 'StaticBoth' is "
      .. "defined by StaticA (%s:%d) and by StaticB (%s:%d)"):format(file, line + 1, file, line + 2), "define it on the class")
    assert.equal("conflict", err.code)
    local C = molt.class(fresh "C", { A })
    assert.has_error(function() molt.use(C, B) end)
    assert.equal(1, C.n)
  end)

  it("is resolved by the class's own", function()
    local C = molt.class(fresh "C", { A, B, static = { n = 3 } })
    assert.equal(3, C.n)
  end)

  it("does not arise from one trait reached twice", function()
    local Base = molt.class(fresh "Base", { A })
    assert.equal(1, molt.class(fresh "C", { A, extends = Base }).n)
  end)

  it("with a member of objects is refused", function()
    refuses(function() molt.trait("StaticTwice", { static = { n = 1 }, n = function() end }) end,
      "trait 'StaticTwice' defines 'n' as a static member and as a method")
    refuses(function() molt.trait("StaticField", { "double n", static = { n = 1 } }) end,
      "trait 'StaticField' declares 'n' as a member of objects, too")
  end)
end)

describe("'static' of a declaration", function()
  it("is a table of names", function()
    refuses(function() molt.trait("StaticBad", { static = 1 }) end, "'static' of trait 'StaticBad' takes a table, got number")
    refuses(function() molt.class("StaticBad", { static = { 1 } }) end,
      "'static' of class 'StaticBad' takes names, got the key 1")
  end)
end)
