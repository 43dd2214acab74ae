-- molt.attach and molt.detach: traits of one object, while it lives.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Heat = molt.trait("AttachHeat", {
  "double heat = 1", "int8_t level = 2", "any source",
  warm = function(self, by) self.heat = self.heat + by return self.heat end,
})
local Car = molt.class("AttachCar", { molt.trait("AttachTank", { "double fuel = 10" }) })

describe("attaching a trait", function()
  it("gives one object its fields and methods", function()
    local o = molt.attach(Car(), Heat)
    assert.same({ 10, 1, 2 }, { o.fuel, o.heat, o.level })
    assert.equal(4, o:warm(3))
  end)

  it("leaves the other objects of the class alone", function()
    local a, b = Car(), Car()
    molt.attach(a, Heat)
    assert.is_nil(b.heat)
    assert.is_nil(b.warm)
    assert.is_false(molt.is(b, Heat))
  end)

  it("returns the object", function()
    local o = Car()
    assert.equal(o, molt.attach(o, Heat))
  end)

  it("keeps what the object had", function()
    local o = Car { fuel = 3, label = "x" }
    molt.attach(o, Heat)
    assert.same({ 3, "x" }, { o.fuel, o.label })
  end)

  it("takes values for the fields", function()
    local o = molt.attach(Car(), Heat, { heat = 7, source = "sun", fuel = 1 })
    assert.same({ 7, "sun", 1 }, { o.heat, o.source, o.fuel })
  end)

  it("takes a list", function()
    local Cold = molt.trait(fresh "Cold", { "double cold = 5" })
    local o = molt.attach(Car(), { Heat, Cold })
    assert.same({ 1, 5 }, { o.heat, o.cold })
  end)

  it("takes a list whose members require one another, in any order", function()
    local Needs = molt.trait(fresh "Needs", { requires = { Heat } })
    assert.is_true(molt.is(molt.attach(Car(), { Needs, Heat }), Needs))
    assert.is_true(molt.is(molt.attach(Car(), { Heat, Needs }), Needs))
  end)

  it("takes an implementation, with the values it starts with", function()
    local Impl = molt.impl(Heat, { heat = 50, source = "stove", warm = function() return "impl" end })
    local o = molt.attach(Car(), Impl)
    assert.same({ 50, "stove", "impl" }, { o.heat, o.source, o:warm() })
  end)

  it("works through a view", function()
    local o = Car()
    molt.attach(molt.as(o, molt.find("AttachTank")), Heat)
    assert.equal(1, o.heat)
  end)

  it("wins over the class's methods", function()
    local Loud = molt.class(fresh "Loud", { warm = function() return "class" end })
    local o = Loud()
    molt.attach(o, Heat)
    assert.equal(2, o:warm(1))
  end)

  it("adopts raw values of its fields' names, and detaching gives them back", function()
    local o = Car()
    o.heat = 33
    molt.attach(o, Heat)
    assert.is_nil(rawget(o, "heat"))
    o.heat = o.heat + 1
    molt.detach(o, Heat)
    assert.equal(34, rawget(o, "heat"))
  end)

  it("keeps the value of a Lua-valued field that was there before, to the end and after", function()
    local o = Car()
    o.source = "sun"
    molt.attach(o, Heat)
    assert.equal("sun", o.source)
    molt.detach(o, Heat)
    assert.equal("sun", o.source)
  end)

  it("holds many traits at once, in any order of attaching and detaching", function()
    local traits, o = {}, Car()
    for i = 1, 20 do
      traits[i] = molt.trait(fresh "Many", { ("double many_%d = %d"):format(i, i) })
      molt.attach(o, traits[i])
    end
    for i = 1, 20, 2 do molt.detach(o, traits[i]) end
    local sum = 0
    for i = 2, 20, 2 do sum = sum + o["many_" .. i] end
    assert.equal(110, sum)
    assert.is_nil(o.many_1)
  end)

  it("may be done in a method of the object", function()
    function Car:ignite() molt.attach(self, Heat) return self:warm(9) end
    assert.equal(10, Car():ignite())
  end)
end)

describe("attaching refuses", function()
  local function unchanged(o)
    assert.is_false(molt.is(o, Heat))
    assert.is_nil(o.heat)
    assert.equal(10, o.fuel)
  end

  it("a trait that the object has, attached or from its class", function()
    local o = molt.attach(Car(), Heat)
    refuses(function() molt.attach(o, Heat) end, "the object has the trait 'AttachHeat' already, attached")
    refuses(function() molt.attach(o, molt.find("AttachTank")) end,
      "the object has the trait 'AttachTank' already, from its class")
  end)

  it("a trait whose requirements are not there, naming where it asks for them", function()
    local Needs = molt.trait(fresh "Needs", { requires = { Heat } })
    local line = debug.getinfo(1, "l").currentline - 1
    local o = Car()
    refuses(function() molt.attach(o, Needs) end,
      ("class 'AttachCar' with %s does not compose:\n  %s requires AttachHeat "
        .. "(declared at tests/lua/attach_spec.lua:%d)"):format(molt.name(Needs), molt.name(Needs), line))
  end)

  it("a trait with a field of a name that the object has", function()
    local Rival = molt.trait(fresh "Rival", { "float fuel" })
    local o = Car()
    local _, err = pcall(molt.attach, o, Rival)
    assert.matches("'fuel' is a field of", err.message)
    assert.equal(10, o.fuel)
  end)

  it("a trait with a typed method that nobody implements", function()
    local Needs = molt.trait(fresh "Needs", { "double range()" })
    local o = Car()
    local _, err = pcall(molt.attach, o, Needs)
    assert.matches("range has no implementation", err.message)
  end)

  it("a raw value that does not fit the field, and keeps it", function()
    local o = Car()
    o.heat = "hot"
    refuses(function() molt.attach(o, Heat) end, "cannot attach 'AttachHeat': field 'heat' takes a double, got string",
      "the object has a raw value under that name; change or clear it first")
    assert.is_false(molt.is(o, Heat))
    assert.equal("hot", o.heat)
  end)

  it("a value that does not fit, and leaves no trace of the rest", function()
    local o = Car()
    refuses(function() molt.attach(o, Heat, { level = 1000, heat = 5, source = "sun", fuel = 77 }) end,
      "number 1000 is out of range for int8_t field 'level' (-128 to 127)")
    unchanged(o)
    assert.is_nil(o.source)
  end)

  it("a value that does not fit, and gives adopted values back as they were", function()
    local o = Car()
    o.heat = 33
    assert.has_error(function() molt.attach(o, Heat, { level = 1000, heat = 5 }) end)
    assert.equal(33, rawget(o, "heat"))
  end)

  it("a list of which one member cannot be, and attaches none", function()
    local o = Car()
    assert.has_error(function() molt.attach(o, { Heat, molt.trait(fresh "Needs", { "double range()" }) }) end)
    unchanged(o)
  end)

  it("another object as the table of fields", function()
    local o = Car()
    refuses(function() molt.attach(o, Heat, Car()) end,
      "bad argument #3 to 'attach' (table of fields expected, got object)")
    unchanged(o)
  end)

  it("what is neither trait nor implementation", function()
    local o = Car()
    local expected = "bad argument #2 to 'attach' (trait, implementation or list of them expected, got %s)"
    refuses(function() molt.attach(o) end, expected:format("nil"))
    refuses(function() molt.attach(o, "AttachHeat") end, expected:format("string"))
    refuses(function() molt.attach(o, Car) end, expected:format("class"))
    refuses(function() molt.attach(o, { Heat, 5 }) end,
      "bad argument #2 to 'attach' (trait or implementation expected at 2, got number)")
    unchanged(o)
  end)

  it("a table of fields that is none", function()
    local o = Car()
    refuses(function() molt.attach(o, Heat, 5) end,
      "bad argument #3 to 'attach' (table of fields expected, got number)")
    unchanged(o)
  end)
end)

describe("detaching a trait", function()
  it("takes its fields and methods away again", function()
    local o = molt.attach(Car(), Heat)
    assert.equal(o, molt.detach(o, Heat))
    assert.same({ nil, nil, nil, nil }, { o.heat, o.level, o.source, o.warm })
    assert.equal(10, o.fuel)
  end)

  it("takes the values of its Lua-valued fields away", function()
    local o = molt.attach(Car(), Heat, { source = "sun" })
    molt.detach(o, Heat)
    assert.is_nil(o.source)
  end)

  it("attached again begins at the defaults", function()
    local o = molt.attach(Car(), Heat)
    o.heat = 99
    molt.attach(molt.detach(o, Heat), Heat)
    assert.equal(1, o.heat)
  end)

  it("may be spelt by the implementation that was attached", function()
    local Impl = molt.impl(Heat, { heat = 50 })
    local o = molt.attach(Car(), Impl)
    molt.detach(o, Impl)
    assert.is_false(molt.is(o, Heat))
  end)

  it("leaves the other attached traits where they were", function()
    local Cold = molt.trait(fresh "Cold", { "double cold = 5" })
    local o = molt.attach(Car(), { Heat, Cold })
    o.cold = 6
    local view = molt.as(o, Cold)
    molt.detach(o, Heat)
    assert.same({ 6, 6 }, { o.cold, view.cold })
  end)

  it("refuses a trait that another one requires", function()
    local Needs = molt.trait(fresh "Needs", { requires = { Heat } })
    local o = molt.attach(Car(), { Heat, Needs })
    local _, err = pcall(molt.detach, o, Heat)
    assert.equal("in_use", err.code)
    assert.equal(("cannot detach 'AttachHeat': %s requires AttachHeat (declared at %s)"):format(molt.name(Needs),
      err.message:match("declared at (.-)%)$")), err.message)
    assert.equal("detach what requires it first; molt.detach(object, AttachHeat, { cascade = true }) takes it along",
      err.hint)
    assert.equal(1, o.heat)
  end)

  it("takes along what requires it, directly or through others, in a cascade", function()
    local Needs = molt.trait(fresh "Needs", { "double need = 4", requires = { Heat } })
    local Through = molt.trait(fresh "Through", { requires = { Needs } })
    local Other = molt.trait(fresh "Other", { "double other = 7" })
    local o = molt.attach(Car(), { Heat, Needs, Through, Other })
    o.other = 8
    assert.equal(o, molt.detach(o, Heat, { cascade = true }))
    assert.same({ false, false, false, true }, { molt.is(o, Heat), molt.is(o, Needs), molt.is(o, Through), molt.is(o, Other) })
    assert.same({ 8, nil, nil }, { o.other, o.heat, o.need })
  end)

  it("takes one trait alone in a cascade when nothing requires it", function()
    local Needs = molt.trait(fresh "Needs", { requires = { Heat } })
    local o = molt.attach(Car(), { Heat, Needs })
    molt.detach(o, Needs, { cascade = true })
    assert.is_true(molt.is(o, Heat))
    molt.detach(o, Heat, { cascade = false })
    assert.is_false(molt.is(o, Heat))
  end)

  it("tells of each trait that a cascade takes", function()
    local Needs = molt.trait(fresh "Needs", { requires = { Heat } })
    local o = molt.attach(Car(), { Heat, Needs })
    local told = {}
    local listener = molt.on("detach", function(_, t) told[molt.name(t)] = true end)
    molt.detach(o, Heat, { cascade = true })
    listener.remove()
    assert.same({ AttachHeat = true, [molt.name(Needs)] = true }, told)
  end)

  it("refuses a cascade that leaves something missing, and changes nothing", function()
    local o = Car()
    refuses(function() molt.detach(o, Heat, { cascade = true }) end,
      "the trait 'AttachHeat' is not attached to this object of class 'AttachCar'")
    refuses(function() molt.detach(o, Heat, { cascad = true }) end, "molt.detach has no option 'cascad'",
      "did you mean 'cascade'?")
    refuses(function() molt.detach(o, Heat, 5) end, "bad argument #3 to 'detach' (table of options expected, got number)")
  end)

  it("names the base class that brings the trait", function()
    local Sub = molt.class(fresh "Sub", { extends = Car })
    local o = Sub()
    local _, err = pcall(molt.detach, o, molt.find "AttachTank")
    assert.equal("molt.drop(AttachCar, AttachTank) takes it from the class", err.hint)
  end)

  it("ends patches of its methods, and leaves what the object had under their names", function()
    local Song = molt.trait(fresh "Song", { sing = function() return "song" end, hum = function() return "hum" end })
    local o = Car()
    local function own() return "own" end
    o.hum = own
    molt.attach(o, Song)
    local patch = molt.around(o, "sing", function(next, self) return next(self) .. "!" end)
    molt.around(o, "hum", function(next, self) return next(self) .. "!" end)
    assert.same({ "song!", "own!" }, { o:sing(), o:hum() })
    molt.detach(o, Song)
    assert.same({ nil, own }, { rawget(o, "sing"), rawget(o, "hum") })
    assert.is_false((patch:remove()))
    molt.attach(o, Song)
    assert.same({ "song", "own" }, { o:sing(), o:hum() })
  end)

  it("takes a function of the object's for an override of its method, for C too", function()
    local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
    local o = Car()
    o.value = function() return 100 end
    molt.attach(o, gauge.Gauge)
    assert.equal(101, o:both(2))
    molt.detach(o, molt.find "Gauge")
    assert.equal(100, o.value())
  end)

  it("gives back what is no function under a method's name, which Lua found and C did not", function()
    local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
    local o = molt.attach(molt.class(fresh "Car", {}) { value = 5 }, gauge.Gauge)
    assert.same({ 5, 21 }, { o.value, o:both(2) })
    o.value = nil
    assert.equal(20, o:value(2))
    o.value = nil
    rawset(o, "value", 6)
    molt.detach(o, gauge.Gauge)
    assert.equal(6, o.value)
  end)

  it("refuses a trait of the class, and says what would take it", function()
    local o = Car()
    refuses(function() molt.detach(o, molt.find("AttachTank")) end,
      "the trait 'AttachTank' belongs to the class 'AttachCar', not to the object",
      "molt.drop(AttachCar, AttachTank) takes it from the class")
  end)

  it("refuses a trait that is not attached", function()
    local o = Car()
    refuses(function() molt.detach(o, Heat) end,
      "the trait 'AttachHeat' is not attached to this object of class 'AttachCar'")
  end)

  it("refuses what is no trait", function()
    local o = Car()
    refuses(function() molt.detach(o, "AttachHeat") end, "bad argument #2 to 'detach' (trait expected, got string)")
    refuses(function() molt.detach(o) end, "bad argument #2 to 'detach' (trait expected, got nil)")
  end)

  it("a hundred thousand times costs no memory", function()
    local o = Car()
    local function round()
      for _ = 1, 1000 do molt.detach(molt.attach(o, Heat), Heat) end
    end
    local function grown(rounds)
      collectgarbage()
      local before = collectgarbage("count")
      for _ = 1, rounds do round() end
      collectgarbage()
      return collectgarbage("count") - before
    end
    grown(helper.stress and 1 or 20)
    local rounds, least = helper.stress and 5 or 100, math.huge
    for _ = 1, 4 do least = math.min(least, grown(rounds)) end      -- traces, too, are memory
    assert.is_true(least < 100)
  end)
end)

describe("a patch that was there before the trait", function()
  it("answers C through the trait's own handle, too", function()
    local module = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
    local Plain = molt.class("AttachPlain", { value = function() return 1 end })
    local o = Plain()
    molt.override(o, "value", function() return 50 end)
    molt.attach(o, module.Gauge)
    assert.equal(50 + 1, o:both(0))
  end)
end)
