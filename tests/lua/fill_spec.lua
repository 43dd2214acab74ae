-- Fills: the last act on a method wins, in Lua and in C, and can be undone.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
local Gauge = molt.find("Gauge")

-- A class with Gauge, filled in Lua, and one object of it.
local function lua_filled()
  local Car = molt.class(fresh "Car", { Gauge })
  function Car:value(by) return "lua", by end
  function Car:poke() return -1 end
  function Car:both() return 0 end
  return Car, Car()
end

-- The same, filled in C.
local function c_filled()
  local Car = molt.class(fresh "Car", { gauge.Gauge })
  return Car, Car()
end

describe("a native implementation", function()
  it("replaces a Lua method on objects that live", function()
    local Car, o = lua_filled()
    assert.equal("lua", (o:value(2)))
    molt.use(Car, gauge.Gauge)
    assert.equal(20, o:value(2))
  end)

  it("dropped again shows the Lua method", function()
    local Car, o = lua_filled()
    molt.use(Car, gauge.Gauge)
    molt.drop(Car, gauge.Gauge)
    assert.same({ "lua", 2 }, { o:value(2) })
  end)

  it("reads and writes the fields of the object", function()
    local _, o = c_filled()
    o.level = 3
    assert.equal(6, o:value(2))
    assert.equal(5, o:poke(5))
    assert.equal(5, o.calls)
  end)

  it("gives way to a Lua method defined after it", function()
    local Car, o = c_filled()
    function Car:value() return "over" end
    assert.equal("over", o:value(2))
  end)

  it("is there again when that method is taken away", function()
    local Car, o = c_filled()
    function Car:value() return "over" end
    Car.value = nil
    assert.equal(20, o:value(2))
  end)

  it("hides another one, and shows it when it is dropped", function()
    local Car, o = c_filled()
    molt.use(Car, gauge.Digital)
    assert.equal(-20, o:value(2))
    molt.drop(Car, gauge.Digital)
    assert.equal(20, o:value(2))
  end)

  it("may be dropped from under the one that hides it", function()
    local Car, o = c_filled()
    molt.use(Car, gauge.Digital)
    molt.drop(Car, gauge.Gauge)
    assert.equal(-20, o:value(2))
  end)

  it("that is partial fills what it has", function()
    local Car, o = lua_filled()
    molt.use(Car, gauge.Partial)
    assert.same({ -20, -1 }, { o:value(2), o:poke(1) })
  end)

  it("of a trait that the class lacks brings the trait along, under live objects", function()
    local Car = molt.class(fresh "Car", { molt.trait(fresh "T", { "double fuel = 3" }) })
    local o = Car()
    molt.use(Car, gauge.Gauge)
    assert.same({ 3, 20 }, { o.fuel, o:value(2) })
  end)

  it("of one object is attached and detached", function()
    local Car = molt.class(fresh "Car")
    local o = molt.attach(Car(), gauge.Digital)
    assert.equal(-20, o:value(2))
    molt.detach(o, Gauge)
    assert.is_nil(o.value)
  end)

  it("attached to an object of a class that has the trait wins for that object", function()
    local Car, o = c_filled()
    molt.attach(o, gauge.Digital)
    assert.same({ -20, 20 }, { o:value(2), Car():value(2) })
    molt.detach(o, gauge.Digital)
    assert.equal(20, o:value(2))
  end)

  it("takes over what Lua left in the fields", function()
    local Car, o = lua_filled()
    o.level = 7
    molt.use(Car, gauge.Gauge)
    assert.equal(7, o:value(1))
  end)

  it("is read from its module as a function that any object of the trait takes", function()
    local _, o = lua_filled()
    local _, p = c_filled()
    assert.equal(20, Gauge and p.value(p, 2))
    assert.equal("lua", (o.value(o, 2)))
  end)
end)

describe("a layer of fills", function()
  it("of four shows the next as the upper one goes, in whatever order", function()
    local Car, o = lua_filled()
    molt.use(Car, gauge.Gauge)
    local over = molt.override(Car, "value", function() return "override" end)
    molt.use(Car, gauge.Digital)
    assert.equal(-20, o:value(2))
    molt.drop(Car, gauge.Digital)
    assert.equal("override", o:value(2))
    over:remove()
    assert.equal(20, o:value(2))
    molt.drop(Car, gauge.Gauge)
    assert.equal("lua", (o:value(2)))
  end)

  it("is reached by native code through the same slot", function()
    local Car, o = c_filled()
    assert.equal(20 + 1, o:both(2))
    molt.override(Car, "value", function() return 100 end)
    assert.equal(100 + 2, o:both(2))
    molt.override(o, "value", function() return 1000 end)
    assert.equal(1000 + 3, o:both(2))
    molt.restore(o)
    molt.restore(Car)
    assert.equal(20 + 4, o:both(2))
  end)

  it("of an object is reached by native code, however it came there", function()
    local _, o = c_filled()
    o.value = function() return 7 end
    assert.equal(7 + 1, o:both(2))
    o.value = function() return 8 end
    assert.equal(8 + 2, o:both(2))
    o.value = nil
    assert.equal(20 + 3, o:both(2))
  end)

  it("of a base reaches the objects of extended classes, until one fills the name itself", function()
    local Car = c_filled()
    local Sub = molt.class(fresh "Sub", { extends = Car })
    local o = Sub()
    molt.use(Car, gauge.Digital)
    assert.equal(-20, o:value(2))
    function Sub:value() return "sub" end
    assert.equal("sub", o:value(2))
    Sub.value = nil
    assert.equal(-20, o:value(2))
  end)

  it("is the trait's default at the bottom", function()
    local T = molt.trait(fresh "T", { "double get()", get = function() return 1 end })
    local Car = molt.class(fresh "Car", { T })
    local o = Car()
    molt.override(Car, "get", function() return 2 end)
    assert.equal(2, o:get())
    molt.restore(Car)
    assert.equal(1, o:get())
  end)

  it("called a million times follows each change at once", function()
    local Car, o = c_filled()
    local rounds = helper.stress and 20 or 200
    local right = 0
    for i = 1, rounds do
      if i % 3 == 0 then molt.use(Car, gauge.Digital) end
      if i % 3 == 1 then molt.override(Car, "value", function() return i end) end
      local expected = i % 3 == 0 and -10 or i % 3 == 1 and i or -10
      if i == 2 then expected = 1 end
      for _ = 1, 100 do
        if i > 2 then right = right + (o:value(1) == (i % 3 == 2 and i - 1 or expected) and 1 or 0) end
      end
      if i % 3 == 2 and i > 2 then molt.restore(Car) end
    end
    assert.equal((rounds - 2) * 100, right)
  end)
end)

describe("a bound method", function()
  it("that is native follows the slot in Lua and in C", function()
    local Car, o = c_filled()
    local value = o.value
    molt.use(Car, gauge.Digital)
    assert.equal(-20, value(o, 2))
    function Car:value() return "lua" end
    assert.equal("lua", value(o, 2))
    molt.override(o, "value", function() return "own" end)
    assert.equal("own", value(o, 2))
  end)

  it("may be called on every object with the trait", function()
    local Car, o = c_filled()
    local _, other = lua_filled()
    local value = o.value
    assert.same({ 10, 20, "lua" }, { value(Car(), 1), value(molt.as(o, Gauge), 2), (value(other, 2)) })
  end)

  it("in a hot loop follows the slot", function()
    local Car, o = c_filled()
    local value, sum = o.value, 0
    for i = 1, 1000 do
      if i == 501 then molt.use(Car, gauge.Digital) end
      sum = sum + value(o, 1)
    end
    assert.equal(0, sum)
  end)

  it("that is native refuses a wrong self, blamed on the caller", function()
    local _, o = c_filled()
    for _, name in ipairs { "value", "poke" } do
      local method = o[name]
      refuses(function() method(5) end, ("bad argument #1 to '%s' (object expected, got number)"):format(name))
      refuses(function() method("x", 1) end, ("bad argument #1 to '%s' (object expected, got string)"):format(name))
      refuses(function() method({}, 1) end,
        ("bad argument #1 to '%s' (object expected, got a table that is not an object)"):format(name))
      refuses(function() method(Gauge, 1) end,
        ("bad argument #1 to '%s' (object expected, got a table that is not an object)"):format(name))
      refuses(function() method(io.stdout, 1) end,
        ("bad argument #1 to '%s' (object expected, got userdata)"):format(name))
      refuses(function() method(1LL, 1) end, ("bad argument #1 to '%s' (object expected, got cdata)"):format(name))
    end
  end)

  it("that is native refuses an object without the trait", function()
    local _, o = c_filled()
    local stranger = molt.class(fresh "Stranger")()
    for _, name in ipairs { "value", "poke" } do
      local method = o[name]
      refuses(function() method(stranger, 1) end,
        ("%s has no trait 'Gauge', which method '%s' belongs to"):format(molt.name(stranger), name))
    end
  end)

  it("that is native refuses destroyed objects and stale views, saying which and since when", function()
    local Car, o = c_filled()
    local dead = Car()
    local name = molt.name(dead)
    local view = molt.as(dead, Gauge)
    molt.destroy(dead)
    local destroyed = ("attempt to use a destroyed object (%s)"):format(name)
    local stale = ("attempt to use a stale view of 'Gauge' (object %s)"):format(name:match("#.*"))
    local since = select(2, pcall(function() return dead.level end)).hint
    local stale_since = select(2, pcall(function() return view.level end)).hint
    for _, method in ipairs { "value", "poke" } do
      local call = o[method]
      refuses(function() call(dead, 1) end, destroyed, since)
      refuses(function() call(view, 1) end, stale, stale_since)
    end
  end)

  it("that is native refuses arguments that do not fit, by position and name", function()
    local _, o = c_filled()
    refuses(function() o:value("x") end, "argument 1 of 'Gauge.value' takes a double, got string")
    refuses(function() o:value() end, "argument 1 of 'Gauge.value' takes a double, got nil")
    refuses(function() o:poke(2 ^ 31) end,
      "number 2147483648 is out of range for int32_t argument 1 of 'Gauge.poke' (-2147483648 to 2147483647)")
    refuses(function() o:poke(1.5) end,
      "number 1.5 is not a whole number, as int32_t argument 1 of 'Gauge.poke' must be")
    refuses(function() o:poke(true) end, "argument 1 of 'Gauge.poke' takes an int32_t, got boolean")
    assert.equal(0, o.calls)
  end)
end)

describe("using and dropping a trait", function()
  it("changes the objects that live, which keep their values", function()
    local A, B = molt.trait(fresh "A", { "double a = 1" }), molt.trait(fresh "B", { "double b = 2", "any note" })
    local Car = molt.class(fresh "Car", { A })
    local o = Car { a = 5, label = "x" }
    molt.use(Car, B)
    assert.same({ 5, 2, "x" }, { o.a, o.b, o.label })
    o.b = 6
    molt.drop(Car, A)
    assert.same({ nil, 6 }, { o.a, o.b })
    assert.is_false(molt.is(o, A))
  end)

  it("leaves attached traits where they are", function()
    local A, B = molt.trait(fresh "A", { "double a = 1" }), molt.trait(fresh "B", { "double b = 2" })
    local Car = molt.class(fresh "Car", { A })
    local o = molt.attach(Car(), B, { b = 3 })
    molt.use(Car, molt.trait(fresh "C", { "double c = 4" }))
    assert.same({ 1, 3, 4 }, { o.a, o.b, o.c })
    molt.detach(o, B)
    assert.same({ 1, nil, 4 }, { o.a, o.b, o.c })
  end)

  it("keeps the overrides of objects, seen by native code too", function()
    local Car, o = c_filled()
    molt.override(o, "value", function() return 500 end)
    molt.use(Car, molt.trait(fresh "T", { "double x" }))
    assert.same({ 500, 501 }, { o:value(1), o:both(1) })
  end)

  it("reaches extended classes", function()
    local T = molt.trait(fresh "T", { "double x = 9" })
    local Car = molt.class(fresh "Car")
    local o = molt.class(fresh "Sub", { extends = Car })()
    molt.use(Car, T)
    assert.equal(9, o.x)
  end)

  it("refuses a trait that is there already", function()
    local T = molt.trait(fresh "T")
    local Car = molt.class(fresh "Car", { T })
    refuses(function() molt.use(Car, T) end,
      ("class '%s' has the trait '%s' already"):format(molt.name(Car), molt.name(T)))
  end)

  it("refuses what would leave a method open, and changes nothing", function()
    local T = molt.trait(fresh "T", { "double range()", "double x = 1" })
    local Car = molt.class(fresh "Car")
    local o = Car()
    local _, err = pcall(molt.use, Car, T)
    assert.matches("range has no implementation", err.message)
    assert.is_nil(o.x)
    assert.same({}, molt.traits_of(Car))
  end)

  it("refuses to drop what the class does not have", function()
    local T = molt.trait(fresh "T")
    local Car = molt.class(fresh "Car")
    refuses(function() molt.drop(Car, T) end,
      ("class '%s' has no trait '%s' of its own"):format(molt.name(Car), molt.name(T)))
    local Sub = molt.class(fresh "Sub", { extends = molt.class(fresh "Base", { T }) })
    refuses(function() molt.drop(Sub, T) end,
      ("class '%s' has no trait '%s' of its own"):format(molt.name(Sub), molt.name(T)),
        "a base class brings it; drop it there")
  end)

  it("refuses to drop an implementation that the class does not use", function()
    local Car = lua_filled()
    local _, err = pcall(molt.drop, Car, gauge.Digital)
    assert.matches("does not use the implementation 'Digital'", err.message)
  end)

  it("refuses to drop the last that fills a typed method", function()
    local Car, o = c_filled()
    local _, err = pcall(molt.drop, Car, gauge.Gauge)
    assert.matches("has no implementation", err.message)
    assert.equal(20, o:value(2))
  end)

  it("dropped together with its trait, an implementation leaves nothing behind", function()
    local Car, o = c_filled()
    molt.drop(Car, Gauge)
    assert.is_nil(o.value)
    assert.is_nil(o.level)
    molt.use(Car, gauge.Gauge)
    assert.equal(20, o:value(2))
  end)

  it("refuses wrong arguments", function()
    local Car = lua_filled()
    refuses(function() molt.use("Car", Gauge) end, "bad argument #1 to 'use' (class expected, got string)")
    refuses(function() molt.use(Car()) end, "bad argument #1 to 'use' (class expected, got object)")
    refuses(function() molt.use(Car) end, "bad argument #2 to 'use' (trait, implementation or list of them expected, got nil)")
    refuses(function() molt.use(Car, Car) end,
      "bad argument #2 to 'use' (trait, implementation or list of them expected, got class)")
    refuses(function() molt.use(Car, { Gauge, 7 }) end,
      "bad argument #2 to 'use' (trait or implementation expected at 2, got number)")
    refuses(function() molt.drop(Car, { gauge.Gauge, Gauge }) end,
      "bad argument #2 to 'drop' (trait expected at 1, got impl)", "drop an implementation by itself")
    refuses(function() molt.drop(nil, Gauge) end, "bad argument #1 to 'drop' (class expected, got nil)")
    refuses(function() molt.drop(Car, 5) end,
      "bad argument #2 to 'drop' (trait, implementation or list of them expected, got number)")
  end)
end)

describe("using a list", function()
  local function ring()
    local ping, pong = fresh "Ping", fresh "Pong"
    local Ping = molt.trait(ping, { "double ping = 1", requires = { "trait " .. pong } })
    return Ping, molt.trait(pong, { "double pong = 2", requires = { Ping } })
  end

  it("lets traits come that require each other, and go again", function()
    local Ping, Pong = ring()
    local Car = molt.class(fresh "Car")
    local o, p = Car(), molt.class(fresh "Sub", { extends = Car })()
    assert.equal("missing", select(2, pcall(molt.use, Car, Ping)).code)
    molt.use(Car, { Ping, { Pong, {} }, Ping })
    assert.same({ 1, 2, 1, 2 }, { o.ping, o.pong, p.ping, p.pong })
    assert.equal("missing", select(2, pcall(molt.drop, Car, Pong)).code)
    molt.drop(Car, { Pong, Ping, Pong })
    assert.same({}, { o.ping, o.pong, p.ping, p.pong })
    assert.same({}, molt.traits_of(Car))
  end)

  it("does all of it or nothing", function()
    local A = molt.trait(fresh "A", { "double a = 1" })
    local Open = molt.trait(fresh "Open", { "double open()" })
    local Impl = molt.impl(A, { a = 5 })
    local Car = molt.class(fresh "Car")
    local o = Car()
    assert.equal("missing", select(2, pcall(molt.use, Car, { Impl, Open })).code)
    assert.same({ nil, {}, nil }, { o.a, molt.traits_of(Car), Car().a })
    molt.use(Car, { A, Impl })
    assert.same({ 5, 5 }, { o.a, Car().a })
    assert.has_error(function() molt.drop(Car, { A, Open }) end)
    assert.equal(5, o.a)
  end)

  it("runs `attached` for each trait that is gained, and undoes all of it if one fails", function()
    local log = {}
    local function hooked(name, fails)
      return molt.trait(fresh(name), {
        attached = function() log[#log + 1] = "+" .. name if fails then error("no", 0) end end,
        detached = function() log[#log + 1] = "-" .. name end,
      })
    end
    local A, B, Bad = hooked "A", hooked "B", hooked("Bad", true)
    local Car = molt.class(fresh "Car")
    local o = Car()
    local ok, err = pcall(molt.use, Car, { A, Bad })
    assert.same({ false, "no" }, { ok, err })
    assert.same({ "+A", "+Bad", "-A" }, log)
    assert.same({}, molt.traits_of(o))
    log = {}
    molt.use(Car, { A, B })
    molt.drop(Car, { A, B })
    assert.same({ "+A", "+B", "-B", "-A" }, log)
  end)

  it("finds a conflict of static members in the list itself", function()
    local A, B = molt.trait(fresh "A", { static = { n = 1 } }), molt.trait(fresh "B", { static = { n = 2 } })
    local Car = molt.class(fresh "Car")
    assert.equal("conflict", select(2, pcall(molt.use, Car, { A, B })).code)
    assert.same({ {}, nil }, { molt.traits_of(Car), Car.n })
  end)

  it("of nothing changes nothing", function()
    local Car = molt.class(fresh "Car")
    molt.use(Car, {})
    molt.drop(Car, {})
    assert.same({}, molt.traits_of(Car))
  end)

  it("waits with the rest while a native method of the class is on the stack", function()
    local Car, o = c_filled()
    local Ping, Pong = ring()
    molt.override(o, "value", function()
      molt.use(Car, { Ping, Pong })
      return molt.is(o, Ping) and 1 or 0
    end)
    assert.equal(1, o:both(1))
    assert.same({ 1, 2 }, { o.ping, o.pong })
  end)

  it("that waits is forgotten when the world closes first", function()
    local output, status = helper.run [[
      local molt = require "molt"
      local gauge = assert(molt.load "gauge")
      local Car = molt.class("Car", { gauge.Gauge })
      local o = Car()
      molt.override(o, "value", function() molt.use(Car, molt.trait("T", { "double x" })) os.exit(0, true) end)
      o:both(1)
    ]]
    assert.same({ "", 0 }, { output, status })
  end)

  it("refuses what some of it is there already", function()
    local A, B = molt.trait(fresh "A"), molt.trait(fresh "B")
    local Car = molt.class(fresh "Car", { A })
    assert.equal("state", select(2, pcall(molt.use, Car, { B, A })).code)
    assert.same({ A }, molt.traits_of(Car))
  end)
end)

describe("using a trait under other names", function()
  local Dog = molt.trait("FillDog", { speak = function() return "woof" end })
  local Duck = molt.trait("FillDuck", { speak = function() return "quack" end })

  it("resolves the conflict for all that live, and is dropped as its trait", function()
    local Toy = molt.class(fresh "Toy", { Duck })
    local o = Toy()
    assert.equal("conflict", select(2, pcall(molt.use, Toy, Dog)).code)
    molt.use(Toy, molt.rename(Dog, { speak = "bark" }))
    assert.same({ "quack", "woof", true }, { o:speak(), o:bark(), molt.is(o, Dog) })
    molt.drop(Toy, molt.without(Dog, "speak"))
    assert.same({ "quack", nil, false }, { o:speak(), o.bark, molt.is(o, Dog) })
    molt.use(Toy, molt.without(Dog, "speak"))
    assert.equal("quack", o:speak())
  end)

  it("unites what a list says of one trait", function()
    local o = molt.class(fresh "Toy")()
    molt.use(molt.class_of(o), { molt.rename(Dog, { speak = "bark" }), molt.rename(Dog, { speak = "growl" }) })
    assert.same({ nil, "woof", "woof" }, { o.speak, o:bark(), o:growl() })
  end)

  it("is refused where an extension has it under others", function()
    local Base = molt.class(fresh "Base")
    molt.class("FillSub", { extends = Base, Dog })
    local _, err = pcall(molt.use, Base, molt.rename(Dog, { speak = "bark" }))
    assert.matches("cannot have 'FillDog' under these names: 'FillSub' %(.-%), which extends it, has it under others",
      err.message)
    molt.use(Base, Dog)
  end)
end)

describe("overriding a method", function()
  local T = molt.trait("FillT", { "double get(double x)", get = function(_, x) return x end,
    plain = function() return "plain" end })
  local Car = molt.class("FillCar", { T })

  it("of one object leaves the others alone", function()
    local a, b = Car(), Car()
    molt.override(a, "get", function() return 7 end)
    assert.same({ 7, 1 }, { a:get(1), b:get(1) })
  end)

  it("of a class reaches every object, before and after", function()
    local before = Car()
    local patch = molt.override(Car, "plain", function() return "patched" end)
    assert.same({ "patched", "patched" }, { before:plain(), Car():plain() })
    patch:remove()
    assert.same({ "plain", "plain" }, { before:plain(), Car():plain() })
  end)

  it("of an object wins over an override of its class", function()
    local o = Car()
    molt.override(o, "plain", function() return "own" end)
    molt.override(Car, "plain", function() return "class" end)
    assert.same({ "own", "class" }, { o:plain(), Car():plain() })
    molt.restore(Car)
  end)

  it("passes the object and the arguments", function()
    local o = Car()
    local seen
    molt.override(o, "plain", function(...) seen = { ... } end)
    o:plain(1, nil, 3)
    assert.same({ o, 1, nil, 3 }, seen)
  end)

  it("twice stacks, and each is removed by itself in any order", function()
    for _, target in ipairs { Car(), Car } do
      local o = target == Car and Car() or target
      local a = molt.override(target, "plain", function() return "a" end)
      local b = molt.override(target, "plain", function() return "b" end)
      local c = molt.override(target, "plain", function() return "c" end)
      assert.equal("c", o:plain())
      assert.is_true(b:remove())
      assert.equal("c", o:plain())
      assert.is_true(c:remove())
      assert.equal("a", o:plain())
      assert.is_true(a:remove())
      assert.equal("plain", o:plain())
      assert.same({ false, false, false }, { a:remove(), b:remove(), (c:remove()) })
    end
  end)

  it("is undone by restore, by name or altogether, which tells how many", function()
    for _, target in ipairs { Car(), Car } do
      local o = target == Car and Car() or target
      molt.override(target, "plain", function() return "a" end)
      molt.override(target, "plain", function() return "b" end)
      molt.override(target, "get", function() return 9 end)
      assert.equal(2, molt.restore(target, "plain"))
      assert.same({ "plain", 9 }, { o:plain(), o:get(1) })
      assert.equal(1, molt.restore(target))
      assert.same({ "plain", 1 }, { o:plain(), o:get(1) })
      assert.equal(0, molt.restore(target))
    end
  end)

  it("by one function twice makes two patches", function()
    local o = Car()
    local function fn() return "fn" end
    local a, b = molt.override(o, "plain", fn), molt.override(o, "plain", fn)
    assert.is_true(a:remove())
    assert.equal("fn", o:plain())
    assert.is_true(b:remove())
    assert.equal("plain", o:plain())
  end)

  it("after an assignment of nil is seen by native code again", function()
    local _, o = c_filled()
    molt.override(o, "value", function() return 100 end)
    o.value = nil
    molt.override(o, "value", function() return 200 end)
    assert.equal(200 + 1, o:both(1))
  end)

  it("by assignment to an object is the same", function()
    local o = Car()
    o.plain = function() return "assigned" end
    assert.equal("assigned", o:plain())
    assert.equal(1, molt.restore(o, "plain"))
    assert.equal("plain", o:plain())
  end)

  it("by assignment over an override stacks on it", function()
    local o = Car()
    local patch = molt.override(o, "plain", function() return "below" end)
    o.plain = function() return "above" end
    assert.equal("above", o:plain())
    assert.is_true(patch:remove())
    assert.equal("above", o:plain())
    assert.equal(1, molt.restore(o))
    assert.equal("plain", o:plain())
  end)

  it("assigned nil is gone for good, with what lay under it", function()
    local o = Car()
    local below = molt.override(o, "plain", function() return "below" end)
    molt.override(o, "plain", function() return "above" end)
    o.plain = nil
    assert.equal("plain", o:plain())
    assert.is_false(below:remove())
    local patch = molt.override(o, "plain", function() return "new" end)
    patch:remove()
    assert.equal("plain", o:plain())
  end)

  it("is done by a function put there raw, too, which restore removes", function()
    local o = Car()
    rawset(o, "plain", function() return "raw" end)
    assert.equal("raw", o:plain())
    local patch = molt.override(o, "plain", function() return "over" end)
    patch:remove()
    assert.equal("raw", o:plain())
    assert.equal(1, molt.restore(o))
    assert.equal("plain", o:plain())
  end)

  it("of a typed method checks the result where C calls it", function()
    local _, o = c_filled()
    molt.override(o, "value", function() return "text" end)
    refuses(function() o:both(1) end, "the result of 'Gauge.value' takes a double, got string")
    molt.restore(o)
    assert.equal(12, o:both(1))
  end)

  it("may be removed while it runs", function()
    local o = Car()
    local patch
    patch = molt.override(o, "plain", function(self)
      patch:remove()
      return self:plain()
    end)
    assert.equal("plain", o:plain())
  end)

  it("prints as what it is", function()
    local o = Car()
    assert.equal(("override of 'plain' on %s"):format(molt.name(o)), tostring(molt.override(o, "plain", print)))
    local patch = molt.override(Car, "plain", print)
    assert.equal("override of 'plain' on FillCar", tostring(patch))
    patch:remove()
  end)

  it("refuses a method that is not there, and says a near one", function()
    local o = Car()
    refuses(function() molt.override(o, "plian", print) end, molt.name(o) .. " has no method 'plian'",
      "did you mean 'plain'?")
    refuses(function() molt.override(Car, "plian", print) end, "class FillCar has no method 'plian'",
      "did you mean 'plain'?")
  end)

  it("refuses wrong arguments", function()
    local o = Car()
    refuses(function() molt.override(5, "plain", print) end,
      "bad argument #1 to 'override' (trait, class or object expected, got number)")
    refuses(function() molt.override(nil, "plain", print) end,
      "bad argument #1 to 'override' (trait, class or object expected, got nil)")
    refuses(function() molt.override(T, "plain", print) end, "trait 'FillT' has no static member 'plain'",
      "methods are overridden on a class or an object")
    refuses(function() molt.override(T, 5, print) end,
      "bad argument #2 to 'override' (method name expected, got number)")
    refuses(function() molt.override(o, 5, print) end,
      "bad argument #2 to 'override' (method name expected, got number)")
    refuses(function() molt.override(o, "plain", 5) end,
      "bad argument #3 to 'override' (function expected, got number)")
    refuses(function() molt.override(o, "plain") end, "bad argument #3 to 'override' (function expected, got nil)")
    refuses(function() molt.restore(5) end,
      "bad argument #1 to 'restore' (trait, class or object expected, got number)")
    refuses(function() molt.restore(o, 5) end, "bad argument #2 to 'restore' (method name expected, got number)")
  end)

  it("by assignment refuses what is no function", function()
    local o = Car()
    for got, value in pairs { number = 5, string = "x", boolean = false, table = {}, object = o } do
      refuses(function() o.plain = value end,
        ("'plain' is a method of %s; an override takes a function, got %s"):format(molt.name(o), got))
    end
    assert.equal("plain", o:plain())
  end)

  it("by assignment of nil to what is not overridden changes nothing", function()
    local o = Car()
    o.plain = nil
    assert.equal("plain", o:plain())
  end)
end)
