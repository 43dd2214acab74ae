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

  it("takes over, and gives back, strings, arrays and references, and no private field's", function()
    local Wide = molt.trait(fresh "AdoptWide", { "string note = \"-\"", "float pos[3]", "AdoptTank lead",
      "private double secret = 7" })
    local class = molt.class(fresh "Adopting", { Tank })
    local lead = class()
    local o, p = class { note = "own", pos = { 1, 2, 3 }, lead = lead, secret = "mine" }, class()
    local function check()
      assert.same({ "own", 1, 3, "mine", 7 }, { o.note, o.pos[1], o.pos[3], o.secret, molt.as(o, Wide).secret })
      assert.equal(lead, o.lead)
      assert.same({ nil, nil, nil }, { rawget(o, "note"), rawget(o, "pos"), rawget(o, "lead") })
      assert.same({ "-", 0, nil }, { p.note, p.pos[1], p.lead })
    end
    molt.use(class, Wide)
    check()
    o.note, o.pos[3] = "new", 4
    molt.drop(class, Wide)
    assert.same({ "new", { 1, 2, 4 }, "mine" }, { rawget(o, "note"), rawget(o, "pos"), rawget(o, "secret") })
    assert.equal(lead, rawget(o, "lead"))
    o.note, o.pos = "own", { 1, 2, 3 }
    molt.attach(p, Wide)
    molt.attach(o, Wide)
    check()
    molt.detach(o, Wide)
    assert.same({ "own", { 1, 2, 3 } }, { rawget(o, "note"), rawget(o, "pos") })
  end)

  it("is refused where a string or an array does not fit, and nothing has changed", function()
    local Wide = molt.trait(fresh "AdoptWide", { "string note", "float pos[3]" })
    local class = molt.class(fresh "Adopting", {})
    local o, p = class { note = "own" }, class { pos = { 1, 2 } }
    local ok, err = pcall(molt.use, class, Wide)
    assert.is_false(ok)
    assert.truthy(err.message:find(molt.name(p) .. " cannot take", 1, true))
    assert.same({ "own", { 1, 2 } }, { rawget(o, "note"), rawget(p, "pos") })
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
