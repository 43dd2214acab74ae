-- What a program can ask of objects, classes and traits, and where each piece came from.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local HERE = "tests/lua/introspect_spec.lua:"
local function here(offset)
  return HERE .. debug.getinfo(2, "l").currentline + (offset or 0)
end

local Tank = molt.trait("AskTank", { "double fuel = 10", "any driver", "double range(double load)",
  describe = function() end })
local TANK = here(-2)
local DESCRIBE = here(-2)
local Heat = molt.trait("AskHeat", { "int8_t heat = 1" })
local Car = molt.class("AskCar", { Tank })
function Car:range(load) return self.fuel * load end
local RANGE = here(-1)

local function names(list)
  local found = {}
  for i, entry in ipairs(list) do found[i] = entry.name end
  return found
end

describe("molt.fields", function()
  it("lists the fields of an object by name, in order of their names", function()
    assert.same({ "driver", "fuel" }, names(molt.fields(Car())))
  end)

  it("tells type, value, trait and place of each", function()
    local entry = molt.fields(Car { fuel = 3 }).fuel
    assert.same({ name = "fuel", type = "double", value = 3, trait = "AskTank", where = TANK }, entry)
  end)

  it("includes attached traits", function()
    assert.equal("AskHeat", molt.fields(molt.attach(Car(), Heat)).heat.trait)
  end)

  it("includes fields that nobody declared, but neither overrides nor [0]", function()
    local o = Car { label = "x" }
    molt.override(o, "describe", function() end)
    assert.same({ "driver", "fuel", "label" }, names(molt.fields(o)))
    assert.same({ name = "label", type = "any", value = "x" }, molt.fields(o).label)
  end)

  it("of a class and of a trait tells the defaults", function()
    assert.equal(10, molt.fields(Car).fuel.value)
    assert.equal(1, molt.fields(Heat).heat.value)
  end)

  it("of a class includes its base's", function()
    local Sub = molt.class(fresh "Sub", { Heat, extends = Car })
    assert.same({ "driver", "fuel", "heat" }, names(molt.fields(Sub)))
  end)

  it("refuses what has none", function()
    refuses(function() molt.fields(5) end, "bad argument #1 to 'fields' (object expected, got number)")
    refuses(function() molt.fields() end, "bad argument #1 to 'fields' (object expected, got nil)")
  end)
end)

describe("molt.methods", function()
  it("lists the methods of an object by name, in order of their names", function()
    assert.same({ "describe", "range" }, names(molt.methods(Car())))
  end)

  it("tells the layer and the place of each", function()
    local methods = molt.methods(Car())
    assert.same({ "fill", RANGE, false }, { methods.range.layer, methods.range.where, methods.range.native })
    assert.same({ "trait", DESCRIBE, "AskTank" }, { methods.describe.layer, methods.describe.where,
      methods.describe.trait })
  end)

  it("tells what an override hides, down to the bottom", function()
    local o = Car()
    molt.override(o, "describe", function() end)
    local first = here(-1)
    molt.override(o, "describe", function() end)
    local second = here(-1)
    local entry = molt.methods(o).describe
    assert.same({ "patch", second }, { entry.layer, entry.where })
    assert.same({ "patch", first }, { entry.hides[1].layer, entry.hides[1].where })
    assert.same({ "trait", DESCRIBE }, { entry.hides[2].layer, entry.hides[2].where })
    assert.is_nil(entry.hides[3])
  end)

  it("tells which fill hides which", function()
    local Other = molt.class(fresh "Other", { Tank, range = function() end })
    local under = here(-1)
    molt.override(Other, "range", function() end)
    local over = here(-1)
    local entry = molt.methods(Other).range
    assert.same({ "fill", over, under }, { entry.layer, entry.where, entry.hides[1].where })
  end)

  it("tells what an attached trait defines", function()
    local Loud = molt.trait(fresh "Loud", { describe = function() end })
    local entry = molt.methods(molt.attach(Car(), Loud)).describe
    assert.same({ "object", molt.name(Loud), "trait" }, { entry.layer, entry.trait, entry.hides[1].layer })
  end)

  it("names the class a fill belongs to", function()
    local Sub = molt.class(fresh "Sub", { extends = Car })
    assert.equal("AskCar", molt.methods(Sub()).range.class)
  end)

  it("knows native methods, with module and generation", function()
    local steering = assert(molt.load(helper.build_dir .. "/natives/steering"))
    local Sheep = molt.class(fresh "Sheep", { steering.Steering })
    local entry = molt.methods(Sheep()).seek
    assert.is_true(entry.native)
    assert.equal("steering generation 1", entry.where)
  end)

  it("of an object whose override was replaced behind its back does not fail", function()
    local o = Car()
    molt.override(o, "describe", function() end)
    o.describe = 5
    assert.equal("patch", molt.methods(o).describe.layer)
  end)

  it("of an override by a C function says so", function()
    local o = Car()
    molt.override(o, "describe", print)
    assert.equal("[C]", molt.methods(o).describe.where)
  end)

  it("refuses what has none", function()
    refuses(function() molt.methods(5) end, "bad argument #1 to 'methods' (object expected, got number)")
    refuses(function() molt.methods {} end, "bad argument #1 to 'methods' (object expected, got table)")
  end)
end)

describe("molt.traits_of", function()
  it("lists the traits of an object, its class's first", function()
    assert.same({ Tank, Heat }, molt.traits_of(molt.attach(Car(), Heat)))
  end)

  it("lists the traits of a class, its base's first", function()
    assert.same({ Tank, Heat }, molt.traits_of(molt.class(fresh "Sub", { Heat, extends = Car })))
  end)

  it("refuses what has none", function()
    refuses(function() molt.traits_of(5) end, "bad argument #1 to 'traits_of' (object expected, got number)")
  end)
end)

describe("molt.class_of", function()
  it("is the class of an object, be it extended", function()
    local Sub = molt.class(fresh "Sub", { extends = Car })
    assert.equal(Sub, molt.class_of(Sub()))
  end)

  it("refuses what is no object", function()
    refuses(function() molt.class_of(Car) end, "bad argument #1 to 'class_of' (object expected, got class)")
    refuses(function() molt.class_of(nil) end, "bad argument #1 to 'class_of' (object expected, got nil)")
  end)
end)

describe("molt.is", function()
  it("tells whether an object has a trait", function()
    local o = Car()
    assert.same({ true, false }, { molt.is(o, Tank), molt.is(o, Heat) })
    molt.attach(o, Heat)
    assert.is_true(molt.is(o, Heat))
  end)

  it("tells whether an object is of a class or of one that extends it", function()
    local Sub = molt.class(fresh "Sub", { extends = Car })
    assert.same({ true, true, false }, { molt.is(Sub(), Car), molt.is(Sub(), Sub), molt.is(Car(), Sub) })
  end)

  it("takes an implementation for its trait", function()
    assert.is_true(molt.is(Car(), molt.impl(Tank)))
  end)

  it("is false for anything that is no living object", function()
    for _, value in ipairs { 5, "x", true, {}, print, io.stdout, Car, Tank, 5LL } do
      assert.is_false(molt.is(value, Tank))
    end
    assert.is_false(molt.is(nil, Tank))
  end)

  it("refuses to ask for what is neither trait nor class", function()
    local o = Car()
    refuses(function() molt.is(o, "AskTank") end, "bad argument #2 to 'is' (trait or class expected, got string)")
    refuses(function() molt.is(o) end, "bad argument #2 to 'is' (trait or class expected, got nil)")
  end)
end)

describe("molt.alive", function()
  it("is true for living objects and their views alone", function()
    local o = Car()
    assert.same({ true, true }, { molt.alive(o), molt.alive(molt.as(o, Tank)) })
    for _, value in ipairs { 5, "x", true, {}, print, io.stdout, Car, Tank } do assert.is_false(molt.alive(value)) end
    assert.is_false(molt.alive(nil))
  end)
end)

describe("molt.name", function()
  it("is the name of traits, classes, implementations and modules", function()
    local timer = assert(molt.load(helper.build_dir .. "/natives/timer"))
    assert.same({ "AskTank", "AskCar", "AskTank", "timer", "timer.Timer" },
      { molt.name(Tank), molt.name(Car), molt.name(molt.impl(Tank)), molt.name(timer), molt.name(timer.Timer) })
  end)

  it("of an object is its class and its number", function()
    assert.matches("^AskCar#%d+$", molt.name(Car()))
  end)

  it("refuses what has none", function()
    local expected = "bad argument #1 to 'name' (object, trait, class, implementation or module expected, got %s)"
    refuses(function() molt.name(5) end, expected:format("number"))
    refuses(function() molt.name() end, expected:format("nil"))
    refuses(function() molt.name {} end, expected:format("table"))
  end)
end)

describe("molt.find", function()
  it("finds traits and classes", function()
    assert.same({ Tank, Car }, { molt.find("AskTank"), molt.find("AskCar") })
  end)

  it("prefers the class when both have the name", function()
    local name = fresh "Both"
    molt.trait(name)
    local Both = molt.class(name)
    assert.equal(Both, molt.find(name))
  end)

  it("answers nil and an error that names a near one, trait or class", function()
    local found, err = molt.find("AskTnak")
    assert.is_nil(found)
    assert.same({ "no class or trait 'AskTnak'", "did you mean 'AskTank'?" }, { err.message, err.hint })
    found, err = molt.find("AskCra")
    assert.is_nil(found)
    assert.same({ "no class or trait 'AskCra'", "did you mean 'AskCar'?" }, { err.message, err.hint })
  end)

  it("does not guess when nothing is near", function()
    local _, err = molt.find("Zzzzzzzzzzzz")
    assert.is_nil(err.hint)
  end)

  it("refuses what is no name", function()
    refuses(function() molt.find(5) end, "bad argument #1 to 'find' (name expected, got number)")
    refuses(function() molt.find() end, "bad argument #1 to 'find' (name expected, got nil)")
  end)
end)

describe("printing an object", function()
  it("shows its name and its traits", function()
    local o = molt.attach(Car(), Heat)
    assert.equal(molt.name(o) .. " {AskTank, AskHeat}", tostring(o))
  end)

  it("marks the traits that C answers for", function()
    local steering = assert(molt.load(helper.build_dir .. "/natives/steering"))
    local o = molt.class(fresh "Sheep", { Tank, steering.Steering, range = function() end })()
    assert.equal(molt.name(o) .. " {AskTank, Steering*}", tostring(o))
  end)

  it("of a class without traits shows empty braces", function()
    local o = molt.class(fresh "Bare")()
    assert.equal(molt.name(o) .. " {}", tostring(o))
  end)
end)

describe("the module", function()
  it("sets no global variable", function()
    local before = getmetatable(_G)
    local made = {}
    setmetatable(_G, { __newindex = function(t, k, v) made[#made + 1] = k rawset(t, k, v) end })
    local o = Car()
    molt.attach(o, Heat)
    molt.detach(o, Heat)
    molt.clone(o)
    molt.override(o, "range", print)
    molt.methods(o)
    molt.fields(o)
    molt.restore(o)
    molt.tick()
    molt.count(Car)
    molt.destroy(o)
    setmetatable(_G, before)
    assert.same({}, made)
  end)
end)
