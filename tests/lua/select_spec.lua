-- molt.without, molt.rename, molt.alias: traits under other names.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local function says(text)
  return function() return text end
end

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message, err.code
end

local Duck = molt.trait("SelectDuck", { speak = says "quack", swim = says "paddle" })
local Dog = molt.trait("SelectDog", { speak = says "woof", fetch = says "stick" })

describe("molt.without", function()
  it("resolves a conflict", function()
    local Toy = molt.class(fresh "Toy", { Duck, molt.without(Dog, "speak") })
    assert.same({ "quack", "stick" }, { Toy():speak(), Toy():fetch() })
  end)

  it("takes several names", function()
    local o = molt.class(fresh "Toy", { molt.without(Dog, "speak", "fetch") })()
    assert.same({}, { o.speak, o.fetch })
  end)

  it("leaves the trait itself alone", function()
    molt.without(Dog, "speak")
    assert.equal("woof", molt.class(fresh "Toy", { Dog })():speak())
  end)

  it("leaves a typed slot for whatever wins the name", function()
    local T = molt.trait(fresh "T", { "double f()", f = function() return 1 end })
    local U = molt.trait(fresh "U", { f = function() return 2 end })
    local o = molt.class(fresh "Car", { molt.without(T, "f"), U })()
    assert.same({ 2, 2 }, { o:f(), molt.as(o, T):f() })
    assert.equal("missing", select(2, message(molt.class(fresh "Car", { molt.without(T, "f") }))))
  end)

  it("does not take away what an implementation fills", function()
    local T = molt.trait(fresh "T", { "double f()", f = function() return 1 end })
    local Impl = molt.impl(T, { f = function() return 3 end })
    assert.equal(3, molt.class(fresh "Car", { molt.without(T, "f"), Impl })():f())
  end)

  it("follows edits of the trait", function()
    local T = molt.trait(fresh "T", { a = says "a", b = says "b" })
    local o = molt.class(fresh "Car", { molt.without(T, "a") })()
    function T:a() return "new" end
    function T:b() return "new" end
    assert.same({ nil, "new" }, { o.a, o:b() })
  end)
end)

describe("molt.rename", function()
  it("is what a function of the object's overrides, for C too", function()
    local Toy = molt.trait(fresh "Toy", { "double go(double by)", go = function() return 1 end })
    local o = molt.class(fresh "Box", {})()
    rawset(o, "walk", function() return 42 end)
    rawset(o, "go", function() return 7 end)
    molt.attach(o, molt.rename(Toy, { go = "walk" }))
    assert.same({ 42, 42 }, { o:walk(1), molt.as(o, Toy):go(1) })
    o.walk = nil
    assert.same({ 1, 1 }, { o:walk(1), molt.as(o, Toy):go(1) })
  end)

  it("gives a method another name", function()
    local o = molt.class(fresh "Toy", { Duck, molt.rename(Dog, { speak = "bark" }) })()
    assert.same({ "quack", "woof" }, { o:speak(), o:bark() })
  end)

  it("lets two names change places", function()
    local o = molt.class(fresh "Toy", { molt.rename(Dog, { speak = "fetch", fetch = "speak" }) })()
    assert.same({ "stick", "woof" }, { o:speak(), o:fetch() })
  end)

  it("renames a typed method, whose slot follows the new name", function()
    local T = molt.trait(fresh "T", { "double f(double x)", f = function(_, x) return x end })
    local Car = molt.class(fresh "Car", { molt.rename(T, { f = "g" }) })
    local o = Car()
    assert.same({ nil, 4 }, { o.f, o:g(4) })
    assert.equal(4, molt.as(o, T):f(4))
    function Car:g(x) return x * 2 end
    assert.same({ 8, 8 }, { o:g(4), molt.as(o, T):f(4) })
    o.g = function(_, x) return -x end
    assert.same({ -4, -4 }, { o:g(4), molt.as(o, T):f(4) })
  end)

  it("lets traits be combined whose signatures differ", function()
    local T = molt.trait(fresh "T", { "double f(double x)", f = function(_, x) return x end })
    local U = molt.trait(fresh "U", { "int f()", f = function() return 7 end })
    local o = molt.class(fresh "Car", { molt.rename(T, { f = "g" }), U })()
    assert.same({ 7, 3 }, { o:f(), o:g(3) })
  end)

  it("changes no identity: is, as and detach mean the trait", function()
    local Other = molt.rename(Dog, { speak = "bark" })
    local o = molt.attach(molt.class(fresh "Toy", {})(), Other)
    assert.is_true(molt.is(o, Dog) and molt.is(o, Other))
    assert.equal(molt.as(o, Dog), molt.as(o, Other))
    assert.same({ Dog }, molt.traits_of(o))
    molt.detach(o, Other)
    assert.is_false(molt.is(o, Dog))
    assert.is_nil(o.bark)
  end)

  it("and back is the trait itself", function()
    assert.equal(Dog, molt.rename(molt.rename(Dog, { speak = "bark" }), { bark = "speak" }))
  end)

  it("reaches implementations, whenever they come", function()
    local T = molt.trait(fresh "T", { "double f()", f = function() return 1 end })
    local Car = molt.class(fresh "Car", { molt.rename(T, { f = "g" }) })
    local o = Car()
    local Impl = molt.impl(T, { f = function() return 2 end })
    molt.use(Car, Impl)
    assert.equal(2, o:g())
    function Impl:f() return 3 end
    assert.equal(3, o:g())
    molt.drop(Car, Impl)
    assert.equal(1, o:g())
  end)

  it("takes an implementation along in one list, in any order", function()
    local T = molt.trait(fresh "T", { "double f()" })
    local Impl = molt.impl(T, { f = function() return 2 end })
    local Renamed = molt.rename(T, { f = "g" })
    for _, list in ipairs { { Impl, Renamed }, { Renamed, Impl } } do
      local o = molt.attach(molt.class(fresh "Car", {})(), list)
      assert.same({ nil, 2 }, { o.f, o:g() })
    end
  end)

  it("is told of by what is missing", function()
    local where = debug.getinfo(1, "S").short_src .. ":" .. debug.getinfo(1, "l").currentline + 1
    local T = molt.trait("SelectNeeds", { requires = { "double f()" } })
    local o = molt.class("SelectToy", {})()
    assert.equal("class 'SelectToy' with SelectNeeds does not compose:\n"
      .. ("  SelectNeeds requires the method 'double f()' as 'g' (declared at %s)"):format(where),
      (message(molt.attach, o, molt.rename(T, { f = "g" }))))
    molt.trait("SelectTyped", { "double f()" })
    assert.matches("SelectTyped.f as 'g' has no implementation: 'double f%(%)', declared at",
      (message(molt.attach, o, molt.rename(molt.find "SelectTyped", { f = "g" }))))
  end)

  it("renames a requirement too", function()
    local T = molt.trait(fresh "T", { requires = { "double f()" } })
    local o = molt.class(fresh "Car", { g = function() return 1 end })()
    assert.equal("missing", select(2, message(molt.attach, o, T)))
    assert.is_true(molt.is(molt.attach(o, molt.rename(T, { f = "g" })), T))
  end)
end)

describe("molt.alias", function()
  it("gives a method one more name", function()
    local o = molt.class(fresh "Toy", { molt.alias(Dog, { speak = "bark" }) })()
    assert.same({ "woof", "woof" }, { o:speak(), o:bark() })
  end)

  it("keeps what is hidden within reach", function()
    local Toy = molt.class(fresh "Toy", { molt.alias(Dog, { speak = "bark" }) })
    function Toy:speak() return "loud " .. self:bark() end
    assert.equal("loud woof", Toy():speak())
  end)

  it("resolves a conflict together with without", function()
    local Toy = molt.class(fresh "Toy", { Duck, molt.without(molt.alias(Dog, { speak = "bark" }), "speak") })
    assert.same({ "quack", "woof" }, { Toy():speak(), Toy():bark() })
  end)

  it("keeps a native function within reach", function()
    local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
    local Gauge = molt.find "Gauge"
    local Car = molt.class(fresh "Car", { molt.alias(Gauge, { value = "plain_value", poke = "plain_poke" }), gauge.Gauge })
    local o = Car()
    function Car:value() return 1 end
    function Car:poke() return 2 end
    assert.same({ 1, 20, 2, 5 }, { o:value(2), o:plain_value(2), o:poke(5), o:plain_poke(5) })
  end)
end)

describe("a selection", function()
  it("conflicts where a name has two origins, as everything does", function()
    local Toy = molt.class(fresh "Toy", { molt.rename(Dog, { fetch = "speak" }) })
    assert.equal("conflict", select(2, message(Toy)))
    function Toy:speak() return "own" end
    assert.equal("own", Toy():speak())
  end)

  it("with its trait is both: the same definition reached twice is one", function()
    local o = molt.class(fresh "Toy", { molt.without(Dog, "speak"), Dog })()
    assert.equal("woof", o:speak())
    local p = molt.class(fresh "Toy", { Dog, molt.rename(Dog, { speak = "bark" }) })()
    assert.same({ "woof", "woof", "stick" }, { p:speak(), p:bark(), p:fetch() })
  end)

  it("distributes over a composition", function()
    local list = molt.without({ Duck, { Dog } }, "speak")
    assert.same({ molt.without(Duck, "speak"), molt.without(Dog, "speak") }, list)
    local o = molt.class(fresh "Toy", { list })()
    assert.same({ nil, "paddle", "stick" }, { o.speak, o:swim(), o:fetch() })
  end)

  it("is attached to one object", function()
    local o = molt.attach(molt.class(fresh "Toy", { Duck })(), { molt.rename(Dog, { speak = "bark" }) })
    assert.same({ "quack", "woof" }, { o:speak(), o:bark() })
  end)

  it("makes equal compositions one shape", function()
    local Toy = molt.class(fresh "Toy", {})
    local o = molt.attach(Toy(), { molt.without(Dog, "speak"), Duck })
    local p = molt.attach(Toy(), { Duck, molt.without(Dog, "speak") })
    assert.equal(debug.getmetatable(o), debug.getmetatable(p))
  end)

  it("is told by molt.methods under the names that hold", function()
    local o = molt.class(fresh "Toy", { molt.rename(Dog, { speak = "bark" }) })()
    assert.equal("SelectDog", molt.methods(o).bark.trait)
    assert.is_nil(molt.methods(o).speak)
  end)

  it("lets methods declared all keep apart", function()
    local A = molt.trait(fresh "A", { "all void f()", f = function(self) self.a = true end })
    local B = molt.trait(fresh "B", { "all void f()", f = function(self) self.b = true end })
    local o = molt.class(fresh "Toy", { A, molt.rename(B, { f = "g" }) })()
    o:f()
    assert.same({ true }, { o.a, o.b })
    o:g()
    assert.is_true(o.b)
  end)

  it("of a class stays when the class is declared again, and changes in the file that declared it alone", function()
    local name = fresh "Toy"
    local Toy = molt.class(name, { molt.without(Dog, "speak") })
    assert.equal(Toy, (molt.class(name, { molt.without(Dog, "speak") })))
    local elsewhere = assert(loadstring("return (require 'molt'.class(...))", "@elsewhere.lua"))
    assert.equal("declaration", select(2, message(elsewhere, name, { Dog })))
    local toy = Toy()
    assert.is_nil(toy.speak)
    molt.class(name, { Dog })
    assert.equal("woof", toy:speak())
    molt.class(name, { molt.rename(Dog, { speak = "bark" }) })
    assert.same({ nil, "woof" }, { toy.speak, toy:bark() })
  end)

  it("cannot rename what a base class brings", function()
    local Base = molt.class(fresh "Base", { Dog })
    assert.equal("conflict", select(2, message(molt.class, fresh "Sub", { molt.without(Dog, "speak"), extends = Base })))
  end)

  it("has text, and takes no methods", function()
    local Other = molt.rename(Dog, { speak = "howl" })
    assert.equal("SelectDog rename speak = howl", tostring(Other))
    refuses(function() Other.speak = print end, "a selection cannot be assigned to (at 'speak')")
  end)
end)

describe("misuse", function()
  it("of a name that the trait has not is refused, with a near match", function()
    refuses(function() molt.without(Dog, "speek") end,
      "bad argument #2 to 'without' (SelectDog has no method 'speek')", "did you mean 'speak'?")
    refuses(function() molt.rename(Dog, { bark = "x" }) end, "bad argument #2 to 'rename' (SelectDog has no method 'bark')")
    refuses(function() molt.alias({ Duck, Dog }, { bite = "x" }) end,
      "bad argument #2 to 'alias' (SelectDuck, SelectDog has no method 'bite')")
  end)

  it("of a name that is not a string is refused", function()
    refuses(function() molt.without(Dog, 7) end, "bad argument #2 to 'without' (method name expected, got number)")
    refuses(function() molt.without(Dog) end, "bad argument #2 to 'without' (method name expected, got nil)")
    refuses(function() molt.rename(Dog, { speak = 7 }) end, "bad argument #2 to 'rename' (name expected, got number)")
    refuses(function() molt.rename(Dog, { "speak" }) end, "'rename' takes { old = new }, got the key 1")
    refuses(function() molt.rename(Dog, "speak") end, "bad argument #2 to 'rename' (table of names expected, got string)")
  end)

  it("of what is no trait is refused", function()
    refuses(function() molt.without(7, "speak") end, "bad argument #1 to 'without' (trait or list of traits expected, got number)")
    refuses(function() molt.without({ Dog, 7 }, "speak") end, "bad argument #1 to 'without' (trait expected at 2, got number)")
    local Impl = molt.impl(Dog)
    refuses(function() molt.without({ Impl }, "speak") end, "bad argument #1 to 'without' (trait expected at 1, got impl)")
  end)

  it("of a field is refused", function()
    local T = molt.trait(fresh "T", { "double fuel" })
    refuses(function() molt.rename(T, { fuel = "petrol" }) end,
      ("bad argument #2 to 'rename' ('fuel' is a field of %s, and only methods have other names)"):format(molt.name(T)))
  end)
end)
