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

describe("a wrapper of a static member", function()
  local function counter()
    local log = {}
    local T = molt.trait(fresh "T", { static = {
      wheels = 4,
      count = function(...) log[#log + 1] = select("#", ...) return ... end,
    } })
    return T, log
  end
  local function note(log, mark)
    return function(...) log[#log + 1] = mark .. select("#", ...) end
  end
  local function bracket(mark)
    return function(next, ...) return mark .. tostring((next(...))) .. mark end
  end

  it("runs before, after or around it, with its arguments and results", function()
    local T, log = counter()
    molt.before(T, "count", note(log, "before"))
    molt.after(T, "count", note(log, "after"))
    assert.equal(0, select("#", T.count()))
    assert.same({ "before0", 0, "after0" }, log)
    assert.equal("1 nil 3", ("%d %s %d"):format(T.count(1, nil, 3)))
    assert.same({ "before3", 3, "after3" }, { log[4], log[5], log[6] })
    molt.around(T, "count", function(next, a, ...) return next(a + 1, ...) end)
    assert.equal("2 7", ("%d %d"):format(T.count(1, 7)))
    assert.equal(4, select("#", T.count(1, 2, 3, nil)))
  end)

  it("is removed in any order, the rest linked anew", function()
    local T = counter()
    local a, b = molt.around(T, "count", bracket "a"), molt.around(T, "count", bracket "b")
    local c = molt.around(T, "count", bracket "c")
    assert.equal("cbaxabc", T.count "x")
    assert.is_true(b:remove())
    assert.equal("caxac", T.count "x")
    assert.is_true(c:remove())
    assert.equal("axa", T.count "x")
    assert.is_true(a:remove())
    assert.equal("x", T.count "x")
  end)

  it("removed twice says so", function()
    local C = molt.class("StaticTold", { (counter()) })
    local patch = molt.before(C, "count", function() end)
    assert.is_true(patch:remove())
    local done, why = patch:remove()
    assert.is_false(done)
    assert.equal("before of static 'count' on StaticTold was removed already", why)
  end)

  it("removed with a dot for the colon is refused, blaming the caller", function()
    local patch = molt.before(molt.class("StaticDot", { (counter()) }), "count", function() end)
    refuses(function() patch.remove() end, "bad argument #1 to 'remove' (patch expected, got nil)")
  end)

  it("is hidden by a later override, while it is there", function()
    local T = counter()
    molt.around(T, "count", bracket "a")
    local patch = molt.override(T, "count", function() return "new" end)
    local upper = molt.around(T, "count", bracket "b")
    assert.equal("bnewb", T.count())
    patch:remove()
    assert.equal("baxab", T.count "x")
    upper:remove()
    assert.equal("axa", T.count "x")
    assert.equal(1, molt.restore(T))
    assert.equal("x", T.count "x")
  end)

  it("of a class is around what it has from its traits or its base, whatever that becomes", function()
    local T = counter()
    local Base = molt.class(fresh "Base", { T })
    local Sub = molt.class(fresh "Sub", { extends = Base })
    molt.around(T, "count", bracket "t")
    molt.around(Base, "count", bracket "b")
    molt.around(Sub, "count", bracket "s")
    assert.same({ "txt", "btxtb", "sbtxtbs" }, { T.count "x", Base.count "x", Sub.count "x" })
    function T.count() return "new" end
    assert.equal("sbtnewtbs", Sub.count())
    function Base.count() return "own" end
    assert.equal("sbownbs", Sub.count())
    assert.equal("tnewt", T.count())
    Base.count = nil
    assert.equal("sbtnewtbs", Sub.count())
    assert.equal(1, molt.restore(Base))
    assert.equal("stnewts", Sub.count())
  end)

  it("goes on with what is beneath by then, when it was suspended", function()
    local T = counter()
    local patch = molt.around(T, "count", function(next, ...)
      coroutine.yield()
      return "around " .. next(...)
    end)
    local run = coroutine.wrap(function() return T.count "x" end)
    run()
    patch:remove()
    function T.count() return "new" end
    molt.around(T, "count", bracket "later")
    assert.equal("around new", run())
  end)

  it("passes an error through", function()
    local T = molt.trait(fresh "T", { static = { fail = function() error "broken" end } })
    molt.after(T, "fail", function() end)
    assert.error_matches(function() T.fail() end, "broken")
  end)

  it("is not there over what is no function any more, and comes back", function()
    local T = counter()
    local C = molt.class(fresh "C", {})
    molt.use(C, T)
    local wrapper = molt.around(C, "count", bracket "a")
    local held = C.count
    T.count = 5
    assert.equal(5, C.count)
    local ok, err = pcall(held)
    assert.same({ false, "missing", "nothing is left of static 'count' beneath this around" }, { ok, err.code, err.message })
    molt.drop(C, T)
    assert.is_nil(C.count)
    molt.use(C, T)
    function T.count() return "x" end
    assert.equal("axa", C.count())
    assert.is_true(wrapper:remove())
    assert.equal("x", C.count())
  end)

  it("settles no conflict; an override does", function()
    local A = molt.trait(fresh "A", { static = { n = function() return "A" end } })
    local B = molt.trait(fresh "B", { static = { n = function() return "B" end } })
    local C = molt.class(fresh "C", { A })
    molt.around(C, "n", bracket "a")
    local ok, err = pcall(molt.use, C, B)
    assert.is_false(ok)
    assert.equal("conflict", err.code)
    assert.equal("aAa", C.n())
    molt.override(C, "n", function() return "C" end)
    molt.use(C, B)
    assert.equal("C", C.n())
  end)

  it("is for functions, and a name that is there", function()
    local T = counter()
    local C = molt.class("StaticWrapped", { T })
    local hint = "molt.override gives it another value"
    refuses(function() molt.before(C, "wheels", print) end,
      "static 'wheels' of class 'StaticWrapped' is no function but a number", hint)
    refuses(function() molt.around(C, "count", 3) end, "bad argument #3 to 'around' (function expected, got number)")
    refuses(function() molt.after(C, "coutn", print) end, "class StaticWrapped has no method 'coutn'")
    local U = molt.trait("StaticWrappedTrait", { static = { count = print } })
    refuses(function() molt.after(U, "coutn", print) end, "trait 'StaticWrappedTrait' has no static member 'coutn'",
      "did you mean 'count'?")
    assert.equal(4, C.wheels)
    assert.equal("x", C.count "x")
  end)

  it("is told as it is laid", function()
    local T, told = counter(), nil
    local listener = molt.on("override", function(target, name) told = { target, name } end)
    molt.before(T, "count", function() end)
    listener.remove()
    assert.equal(T, told[1])
    assert.equal("count", told[2])
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
