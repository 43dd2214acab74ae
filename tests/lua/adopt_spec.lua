-- molt.use and molt.drop of a trait with objects alive: their own values under its names.

local helper = require "helper"
local molt = require "molt"

local refuses, fresh = helper.refuses, helper.fresh

local Tank = molt.trait("AdoptTank", {
  "double fuel = 10", "uint8_t gear = 1", "any driver",
  range = function(self) return self.fuel * 2 end,
})

local function three()
  local class = molt.class(fresh "Adopting", {})
  local sub = molt.class(fresh "AdoptingSub", { extends = class })
  return class, class { fuel = 3, driver = "Ada" }, class(), sub { gear = 4 }
end

describe("a trait that a class gains", function()
  it("takes over what its objects have under its typed fields' names, extensions included", function()
    local class, a, b, c = three()
    molt.use(class, Tank)
    assert.same({ 3, 10, 10 }, { a.fuel, b.fuel, c.fuel })
    assert.same({ 1, 1, 4 }, { a.gear, b.gear, c.gear })
    assert.same({ nil, nil }, { rawget(a, "fuel"), rawget(c, "gear") })
    assert.equal(6, a:range())
  end)

  it("leaves what they have under its Lua-valued fields' names", function()
    local class, a = three()
    molt.use(class, Tank)
    assert.equal("Ada", a.driver)
  end)

  it("gives both back when the class loses it, and takes its own fields along", function()
    local class, a, b = three()
    molt.use(class, Tank)
    a.fuel, b.driver, b.fuel = 4, "Bob", 5
    molt.drop(class, Tank)
    assert.same({ 4, "Ada", nil, nil }, { rawget(a, "fuel"), a.driver, b.driver, b.fuel })
    molt.use(class, Tank)
    assert.same({ 4, 10 }, { a.fuel, b.fuel })
  end)

  it("is refused where one value does not fit, and nothing has changed", function()
    local class, a, b = three()
    b.gear = 300
    local message = ("%s cannot take 'AdoptTank': number 300 is out of range for uint8_t field 'gear' (0 to 255)")
    refuses(function() molt.use(class, Tank) end, message:format(molt.name(b)),
      "the object has a raw value under that name; change or clear it first")
    assert.same({ 3, 300, false, nil }, { rawget(a, "fuel"), b.gear, molt.is(a, Tank), a.range })
    b.gear = 30
    molt.use(class, Tank)
    assert.same({ 3, 30 }, { a.fuel, b.gear })
  end)

  it("adopts nothing when it is refused for another reason", function()
    local class, a = three()
    local Open = molt.trait(fresh "Open", { "double fuel = 1", "double missing()" })
    assert.equal("missing", select(2, pcall(molt.use, class, Open)).code)
    assert.equal(3, rawget(a, "fuel"))
  end)

  it("ends patches of its methods when it goes", function()
    local class, a = three()
    molt.use(class, Tank)
    local patch = molt.override(a, "range", function() return 0 end)
    assert.equal(0, a:range())
    molt.drop(class, Tank)
    assert.is_nil(rawget(a, "range"))
    assert.is_false((patch:remove()))
  end)

  it("does so too when native code was on the stack", function()
    local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
    local Gauge = molt.find "Gauge"
    local class = molt.class(fresh "AdoptingNative", { Gauge })
    molt.use(class, gauge.Gauge)
    local o = class { fuel = 3 }
    molt.before(class, "poke", function() molt.use(class, Tank) end)
    o:both(1)
    assert.same({ 3, nil }, { o.fuel, rawget(o, "fuel") })
  end)
end)
