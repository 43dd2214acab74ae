-- molt.clone: the same class and traits, fields and patches.

local ffi = require "ffi"
local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("CloneTank", {
  "double fuel = 10", "int64_t serial", "float half", "bool open", "any driver", "double range(double load)",
})
local Heat = molt.trait("CloneHeat", { "double heat = 1", "any source" })
local Car = molt.class("CloneCar", { Tank, range = function(self, load) return self.fuel * load end })

describe("a clone", function()
  it("has the same fields of every kind", function()
    local t = {}
    local o = Car { fuel = 0 / 0, serial = 9007199254740993LL, half = 0.5, open = true, driver = t, label = "x",
      [1] = 2 }
    local copy = molt.clone(o)
    assert.is_true(copy.fuel ~= copy.fuel)
    assert.is_true(copy.serial == ffi.cast("int64_t", 9007199254740993LL))
    assert.same({ 0.5, true, "x", 2 }, { copy.half, copy.open, copy.label, copy[1] })
    assert.equal(t, copy.driver)
  end)

  it("is another object", function()
    local o = Car()
    local copy = molt.clone(o)
    copy.fuel, copy.label = 3, "copy"
    assert.same({ 10, nil }, { o.fuel, o.label })
    assert.not_equal(o, copy)
    assert.not_equal(molt.name(o), molt.name(copy))
  end)

  it("is of the same class", function()
    assert.equal(Car, molt.class_of(molt.clone(Car())))
  end)

  it("has the attached traits and their values", function()
    local o = molt.attach(Car(), Heat, { heat = 5, source = "sun" })
    local copy = molt.clone(o)
    assert.same({ 5, "sun" }, { copy.heat, copy.source })
    molt.detach(copy, Heat)
    assert.same({ 5, "sun" }, { o.heat, o.source })
  end)

  it("gives back on detach what its original had adopted", function()
    local o = Car()
    o.heat = 7
    molt.attach(o, Heat)
    local copy = molt.clone(o)
    molt.detach(copy, Heat)
    assert.equal(7, rawget(copy, "heat"))
  end)

  it("answers with the overrides of its original, which stay its original's", function()
    local o = Car()
    molt.override(o, "range", function() return 1 end)
    molt.override(o, "range", function() return 2 end)
    local copy = molt.clone(o)
    assert.equal(2, copy:range(5))
    assert.equal(2, molt.restore(copy))
    assert.same({ 50, 2 }, { copy:range(5), o:range(5) })
  end)

  it("runs no init", function()
    local runs = 0
    local Counted = molt.class(fresh "Counted", { init = function() runs = runs + 1 end })
    molt.clone(Counted())
    assert.equal(1, runs)
  end)

  it("lacks what its original has taken away, be it that the class gives it to new objects", function()
    local Driven = molt.class(fresh "Driven", { molt.impl(Tank, { driver = "Ada", range = function() return 0 end }) })
    local o = Driven()
    o.driver = nil
    assert.is_nil(molt.clone(o).driver)
  end)

  it("of a clone is as good", function()
    local o = Car { fuel = 4 }
    for _ = 1, 10 do o = molt.clone(o) end
    assert.equal(8, o:range(2))
  end)
end)

describe("molt.clone", function()
  it("refuses what is no object", function()
    refuses(function() molt.clone(Car) end, "bad argument #1 to 'clone' (object expected, got class)")
    refuses(function() molt.clone {} end, "bad argument #1 to 'clone' (object expected, got table)")
    refuses(function() molt.clone() end, "bad argument #1 to 'clone' (object expected, got nil)")
  end)
end)
