-- Views: trait handles that are safe in Lua.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("ViewTank", {
  "double fuel = 10", "any driver", "double range(double load)",
  describe = function(self) return "tank of " .. molt.name(self) end,
})
local Heat = molt.trait("ViewHeat", { "double heat = 1" })
local Car = molt.class("ViewCar", { Tank, range = function(self, load) return self.fuel * load end })

describe("a view", function()
  it("reads and writes the fields of its trait", function()
    local o = Car()
    local v = molt.as(o, Tank)
    v.fuel = 30
    assert.same({ 30, 30 }, { v.fuel, o.fuel })
    o.fuel = 40
    assert.equal(40, v.fuel)
  end)

  it("reads and writes Lua-valued fields, which are the object's", function()
    local o = Car { driver = "Ada" }
    local v = molt.as(o, Tank)
    assert.equal("Ada", v.driver)
    v.driver = "Bob"
    v.label = "x"
    assert.same({ "Bob", "x" }, { o.driver, o.label })
  end)

  it("reaches the fields of other traits through the object", function()
    local o = molt.attach(Car(), Heat)
    local v = molt.as(o, Tank)
    v.heat = 9
    assert.same({ 9, 9 }, { v.heat, o.heat })
  end)

  it("calls typed methods, which receive the object", function()
    assert.equal(20, molt.as(Car(), Tank):range(2))
  end)

  it("calls other methods, which receive the object", function()
    local o = Car()
    assert.equal("tank of " .. molt.name(o), molt.as(o, Tank):describe())
  end)

  it("calls what overrides a method of its object", function()
    local o = Car()
    local v = molt.as(o, Tank)
    local seen
    molt.override(o, "range", function(self) seen = self return 1 end)
    molt.override(o, "describe", function() return "own" end)
    assert.same({ 1, "own" }, { v:range(5), v:describe() })
    assert.equal(o, seen)
  end)

  it("lets a method be overridden by assignment, for its object alone", function()
    local o = Car()
    molt.as(o, Tank).describe = function() return "own" end
    assert.equal("own", o:describe())
    assert.equal("tank", Car():describe():match("^tank"))
  end)

  it("returns functions kept in fields as they are", function()
    local o = Car()
    o.callback = function(x) return x end
    local v = molt.as(o, Tank)
    assert.equal(o.callback, v.callback)
    assert.equal(5, v.callback(5))
  end)

  it("answers for its own object, whatever the name meant on another", function()
    local a, b = Car(), molt.class(fresh "Other", { Tank, range = function() return 0 end, extra = function() end })()
    a.extra = "a field"
    assert.is_function(molt.as(b, Tank).extra)
    assert.equal("a field", molt.as(a, Tank).extra)
  end)

  it("is the same value while it is in use", function()
    local o = Car()
    local v = molt.as(o, Tank)
    assert.equal(v, molt.as(o, Tank))
  end)

  it("leads back to its object", function()
    local o = Car()
    assert.equal(o, molt.object(molt.as(o, Tank)))
    assert.equal(o, molt.object(o))
  end)

  it("is made from a view of another trait as well", function()
    local o = molt.attach(Car(), Heat)
    local v = molt.as(molt.as(o, Tank), Heat)
    assert.equal(1, v.heat)
  end)

  it("is nil for a trait that the object has not", function()
    assert.is_nil(molt.as(Car(), Heat))
  end)

  it("stands for its object in every verb", function()
    local o = Car()
    local v = molt.as(o, Tank)
    assert.is_true(molt.is(v, Tank))
    assert.is_true(molt.is(v, Car))
    assert.is_true(molt.alive(v))
    assert.equal(Car, molt.class_of(v))
    assert.equal(molt.name(o), molt.name(v))
    assert.same({ Tank }, molt.traits_of(v))
    assert.equal(10, molt.fields(v).fuel.value)
    assert.equal("fill", molt.methods(v).range.layer)
    assert.equal(10, molt.clone(v).fuel)
    molt.override(v, "range", function() return 7 end)
    assert.equal(7, o:range(1))
    assert.equal(1, molt.restore(v))
    molt.attach(v, Heat)
    molt.detach(v, Heat)
    molt.destroy(v)
    assert.is_false(molt.alive(o))
  end)

  it("prints with its trait and its object", function()
    local o = Car()
    assert.equal("ViewTank of " .. tostring(o), tostring(molt.as(o, Tank)))
  end)

  it("guards its metatable", function()
    assert.equal("view", getmetatable(molt.as(Car(), Tank)))
  end)

  it("refuses values that do not fit, blamed on the caller", function()
    local v = molt.as(Car(), Tank)
    refuses(function() v.fuel = "x" end, "field 'fuel' takes a double, got string")
    assert.equal(10, v.fuel)
  end)

  it("survives the attaching and detaching of other traits", function()
    local o = Car()
    local v = molt.as(o, Tank)
    v.fuel = 3
    for _ = 1, 10 do
      molt.attach(o, Heat)
      v.fuel = v.fuel + 1
      molt.detach(o, Heat)
    end
    assert.same({ 13, 13 }, { v.fuel, o.fuel })
  end)

  it("follows its object to another layout", function()
    local Truck = molt.class(fresh "Truck", { Tank, range = function() return 0 end })
    local o = Truck()
    local v = molt.as(o, Tank)
    v.fuel = 77
    molt.use(Truck, molt.trait(fresh "Load", { "double load = 2" }))
    assert.equal(77, v.fuel)
    v.fuel = 78
    assert.same({ 78, 2 }, { o.fuel, o.load })
  end)
end)

describe("a stale view", function()
  local function stale()
    local o = molt.attach(Car(), Heat)
    local v = molt.as(o, Heat)
    molt.detach(o, Heat)
    local number = molt.name(o):match("#(%d+)")
    return v, ("attempt to use a stale view of 'ViewHeat' (object #%s)"):format(number), o, number
  end

  it("says which it is and since when, at every use", function()
    local v, message = stale()
    local hint = refuses(function() return v.heat + 1 end, message).hint
    assert.matches("^the trait was detached or the object destroyed in tick %d+$", hint)
    refuses(function() v.heat = 1 end, message, hint)
    refuses(function() return v.anything .. "" end, message, hint)
    refuses(function() v.anything = 1 end, message, hint)
  end)

  it("tells the tick in which it went stale, not the present one", function()
    molt.tick()
    local v, message = stale()
    local hint = refuses(function() v.heat = 1 end, message).hint
    molt.tick()
    refuses(function() v.heat = 2 end, message, hint)
  end)

  it("is refused by every verb, and named", function()
    local v, message = stale()
    refuses(function() molt.attach(v, Heat) end, message)
    refuses(function() molt.detach(v, Heat) end, message)
    local _
    refuses(function() _ = molt.as(v, Heat) end, message)
    refuses(function() _ = molt.fields(v) end, message)
    refuses(function() _ = molt.methods(v) end, message)
    refuses(function() _ = molt.traits_of(v) end, message)
    refuses(function() _ = molt.class_of(v) end, message)
    refuses(function() _ = molt.clone(v) end, message)
    refuses(function() _ = molt.name(v) end, message)
    refuses(function() molt.override(v, "range", print) end, message)
    refuses(function() molt.restore(v) end, message)
    refuses(function() molt.destroy(v) end, message)
  end)

  it("is neither alive nor of a trait nor any object's", function()
    local v = stale()
    assert.is_false(molt.alive(v))
    assert.is_false(molt.is(v, Heat))
    assert.is_nil(molt.object(v))
  end)

  it("stays stale when the trait is attached again, which has a view of its own", function()
    local v, message, o = stale()
    molt.attach(o, Heat)
    assert.not_equal(v, molt.as(o, Heat))
    refuses(function() v.heat = 1 end, message)
  end)

  it("is refused by its own methods", function()
    local Loud = molt.trait(fresh "Loud", { "void shout()", shout = function() end, whisper = function() end })
    local o = molt.attach(Car(), Loud)
    local v = molt.as(o, Loud)
    local shout, whisper = v.shout, v.whisper
    molt.detach(o, Loud)
    local message = ("attempt to use a stale view of '%s' (object %s)"):format(molt.name(Loud),
      molt.name(o):match("#.*"))
    refuses(function() shout(v) end, message)
    refuses(function() whisper(v) end, message)
  end)

  it("is what every view of a destroyed object is", function()
    local o = Car()
    local v = molt.as(o, Tank)
    local number = molt.name(o):match("#.*")
    molt.destroy(o)
    refuses(function() return v.fuel + 1 end, ("attempt to use a stale view of 'ViewTank' (object %s)"):format(number))
  end)

  it("is what a view becomes whose trait the class drops", function()
    local Truck = molt.class(fresh "Truck", { Tank, Heat, range = function() return 0 end })
    local o = Truck()
    local v = molt.as(o, Heat)
    molt.drop(Truck, Heat)
    assert.has_error(function() return v.heat end)
    assert.equal(10, molt.as(o, Tank).fuel)
  end)

  it("still prints", function()
    assert.equal("ViewHeat of a past object", tostring((stale())))
  end)
end)

describe("a method taken from a view", function()
  it("may be kept in a local and called on any object of the trait", function()
    local a, b = Car { fuel = 1 }, Car { fuel = 2 }
    local range = molt.as(a, Tank).range
    assert.same({ 3, 6, 6 }, { range(a, 3), range(b, 3), range(molt.as(b, Tank), 3) })
  end)

  it("refuses what is no object, blamed on the caller", function()
    local v = molt.as(Car(), Tank)
    local range, describe = v.range, v.describe
    for got, value in pairs { number = 5, string = "x", boolean = true } do
      refuses(function() range(value) end, ("bad argument #1 to 'range' (object expected, got %s)"):format(got))
      refuses(function() describe(value) end, ("bad argument #1 to 'describe' (object expected, got %s)"):format(got))
    end
    refuses(function() range() end, "bad argument #1 to 'range' (object expected, got nil)")
    refuses(function() describe({}) end,
      "bad argument #1 to 'describe' (object expected, got a table that is not an object)")
  end)
end)

describe("molt.as", function()
  it("takes an implementation for its trait, be it in Lua or in C", function()
    local o = Car { fuel = 3 }
    assert.equal(molt.as(o, Tank), molt.as(o, molt.impl(Tank)))
    assert.is_nil(molt.as(o, molt.impl(Heat)))
    local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
    local native = molt.class(fresh "Native", { gauge.Gauge })()
    assert.equal(native, molt.object(molt.as(native, gauge.Gauge)))
    assert.equal(molt.as(native, molt.find "Gauge"), molt.as(native, gauge.Gauge))
    assert.is_nil(molt.as(o, gauge.Gauge))
  end)

  it("refuses what is no trait", function()
    local o = Car()
    refuses(function() molt.as(o, "ViewTank") end, "bad argument #2 to 'as' (trait or implementation expected, got string)")
    refuses(function() molt.as(o, Car) end, "bad argument #2 to 'as' (trait or implementation expected, got class)")
    refuses(function() molt.as(o) end, "bad argument #2 to 'as' (trait or implementation expected, got nil)")
  end)

  it("refuses what is no object", function()
    refuses(function() molt.as({}, Tank) end, "bad argument #1 to 'as' (object expected, got table)")
    refuses(function() molt.as(io.stdout, Tank) end, "bad argument #1 to 'as' (object expected, got userdata)")
  end)
end)

describe("molt.object", function()
  it("refuses what is neither view nor object", function()
    refuses(function() molt.object(5) end, "bad argument #1 to 'object' (view expected, got number)")
    refuses(function() molt.object() end, "bad argument #1 to 'object' (view expected, got nil)")
    refuses(function() molt.object(io.stdout) end, "bad argument #1 to 'object' (view expected, got userdata)")
  end)
end)
