-- Declaring a trait again: strings, arrays, structs, references, private and required fields.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

molt.struct("EvolveVec", "float x; float y")

-- A trait of these lines, a class with it, and an object.
local function unit_with(lines, fields)
  local name = fresh "Unit"
  local Unit = molt.trait(name, lines)
  local Class = molt.class(fresh "Class", { Unit })
  return name, Class(fields), Class, Unit
end

local function plain(p)
  local t = {}
  for i = 1, #p do t[i] = p[i] end
  return t
end

describe("a trait declared again", function()
  it("keeps strings, arrays, structs and references that keep their types", function()
    local name, o, Class = unit_with({ "string label", "float pos[3]", "EvolveVec speed", "object friend" },
      { label = "a long text, longer than a few bytes", pos = { 1, 2, 3 }, speed = { x = 4, y = 5 } })
    o.friend = Class { label = "friend" }
    molt.trait(name, { "object friend", "double pad = 9", "EvolveVec speed", "string label", "float pos[3]" })
    assert.equal("a long text, longer than a few bytes", o.label)
    assert.same({ 1, 2, 3 }, plain(o.pos))
    assert.same({ 4, 5, 9 }, { o.speed.x, o.speed.y, o.pad })
    helper.collect_all()
    assert.equal("friend", o.friend.label)
    o.label = "another"
    assert.equal("another", o.label)
  end)

  it("gives new ones their defaults, and lets those that go go", function()
    local name, o = unit_with({ "string gone", "double fuel = 1" }, { gone = ("x"):rep(1000), fuel = 3 })
    local _, report = molt.trait(name, { "string label = \"new\"", "float pos[2] = { 7, 8 }", "double fuel" })
    assert.same({ "new", 7, 8, 3, nil }, { o.label, o.pos[1], o.pos[2], o.fuel, o.gone })
    assert.same({ "gone" }, report.removed)
  end)

  it("widens the elements of an array", function()
    local name, o = unit_with({ "int8_t list[2]" }, { list = { -3, 4 } })
    molt.trait(name, { "double list[2]" })
    assert.same({ -3, 4 }, plain(o.list))
  end)

  for _, pair in ipairs {
    { "float x[3]", "float x[4]" }, { "double x[2]", "float x[2]" }, { "string x", "double x" }, { "double x", "string x" },
    { "EvolveVec x", "float x[2]" }, { "object x", "string x" },
  } do
    it(("refuses '%s' where '%s' was"):format(pair[2], pair[1]), function()
      local name, o = unit_with({ pair[1], "double fuel = 4" })
      local ok, err = pcall(molt.trait, name, { pair[2], "double fuel", "double more" })
      assert.is_false(ok)
      assert.equal("declaration", err.code)
      assert.same({ 4, nil }, { o.fuel, o.more })
    end)
  end

  it("lets migrate make one of the other", function()
    local name, o = unit_with({ "float pos[2]", "double count", "string label" }, { pos = { 1, 2 }, count = 7, label = "l" })
    molt.trait(name, { "EvolveVec pos", "string count", "float label[1]", migrate = function(self, old)
      assert.same({ pos = { 1, 2 }, count = 7, label = "l" }, old)
      self.pos = { x = old.pos[1], y = old.pos[2] }
      self.count = "number " .. old.count
      self.label[1] = #old.label
    end })
    assert.same({ 1, 2, "number 7", 1 }, { o.pos.x, o.pos.y, o.count, o.label[1] })
  end)

  it("lets migrate write references, and keeps their targets", function()
    local name, o, Class = unit_with({ "object friend" })
    molt.trait(name, { "object friend", "object other", migrate = function(self)
      assert.is_nil(self.other)
      self.friend, self.other = o, nil
    end })
    assert.equal(o, o.friend)
    local two = Class { friend = Class { other = o } }
    molt.trait(name, { "object partner", migrate = function(self, old) self.partner = old.friend end })
    helper.collect_all()
    assert.equal(o, o.partner)
    assert.is_true(molt.alive(two.partner))
    two.partner = nil
  end)

  it("leaves strings alone when it is refused", function()
    local name, o = unit_with({ "string label", "double fuel" }, { label = ("y"):rep(100) })
    assert.has_error(function()
      molt.trait(name, { "string label", "double fuel", "double more",
        migrate = function(self) self.label = "changed" error "no" end })
    end)
    assert.has_error(function() molt.trait(name, { "string label", "bool fuel" }) end)
    assert.equal(("y"):rep(100), o.label)
  end)

  it("goes on with kept proxies where their fields go on, and ends the others", function()
    local name, o = unit_with({ "float pos[2]", "EvolveVec speed", "float gone[2]" }, { pos = { 1, 2 } })
    local pos, speed, gone = o.pos, o.speed, o.gone
    molt.trait(name, { "double pad[8]", "EvolveVec speed", "float pos[2]" })
    assert.same({ 1, 2 }, plain(pos))
    pos[1], speed.x = 7, 8
    assert.same({ 7, 8 }, { o.pos[1], o.speed.x })
    assert.equal(pos, o.pos)
    local ok, err = pcall(function() return gone[1] end)
    assert.is_false(ok)
    assert.equal("stale", err.code)
    assert.equal("stale proxy", tostring(gone))
  end)

  describe("of a trait that the object loses", function()
    local Vec, Other, Class, o, p, stale

    before_each(function()
      Vec = molt.trait(fresh "Vec", { "float pos[2]", "EvolveVec speed" })
      Other = molt.trait(fresh "Other", { "float pos[2]" })
      Class = molt.class(fresh "Class", { Vec })
      o = Class { pos = { 1, 2 } }
      p = { pos = o.pos, speed = o.speed }
      stale = ("attempt to use a stale view of '%s' (object %s)"):format(molt.name(Vec), molt.name(o):match("#.*"))
    end)

    local function expect_stale()
      helper.refuses(function() return p.pos[1] end, stale)
      helper.refuses(function() p.pos[1] = 1 end, stale)
      helper.refuses(function() return p.speed.x end, stale)
      assert.equal("stale float[2] pos", tostring(p.pos))
    end

    it("ends a kept proxy like a view, by become", function()
      molt.become(o, molt.class(fresh "Class", {}))
      expect_stale()
    end)

    it("ends a kept proxy like a view where another trait takes the values", function()
      molt.become(o, molt.class(fresh "Class", { Other }))
      expect_stale()
      assert.same({ 1, 2 }, plain(o.pos))
    end)

    it("ends a kept proxy like a view when the class is declared again", function()
      molt.class(molt.name(Class), { Other })
      expect_stale()
    end)
  end)

  it("keeps private fields apart, and with their trait", function()
    local one, two = fresh "One", fresh "Two"
    local One, Two = molt.trait(one, { "private double heat = 1" }), molt.trait(two, { "private double heat = 2" })
    local o = molt.class(fresh "Class", { One, Two })()
    molt.as(o, One).heat, molt.as(o, Two).heat = 10, 20
    molt.trait(one, { "int8_t pad", "private double heat = 1" })
    molt.trait(two, { "private float cold = 5" })
    assert.same({ 10, 5, nil }, { molt.as(o, One).heat, molt.as(o, Two).cold, o.heat })
    molt.trait(one, { "private double heat", migrate = function(self) self.heat = self.heat + 1 end })
    assert.equal(11, molt.as(o, One).heat)
  end)

  it("wants a value for a field that becomes required", function()
    local name, o, Class = unit_with({ "double fuel = 3" })
    local ok, err = pcall(molt.trait, name, { "double fuel", "required string owner" })
    assert.is_false(ok)
    assert.matches("field 'owner' is required and has no value of " .. molt.name(o), err.message)
    molt.trait(name, { "double fuel", "required string owner", migrate = function(self) self.owner = "nobody" end })
    assert.equal("nobody", o.owner)
    assert.is_false((pcall(Class, {})))
    molt.trait(name, { "required double fuel", "required string owner" })
    assert.equal(3, o.fuel)
  end)

  it("changes fields that only Lua sees around those that stay", function()
    local name, o, Class = unit_with({ "any driver", "string label", "float pos[2]" }, { label = "l", pos = { 1, 2 } })
    o.driver = "Ada"
    molt.trait(name, { "string label", "float pos[2]", "any owner" })
    assert.same({ "l", 1, nil }, { o.label, o.pos[1], o.driver })
    o.label, o.pos = "m", { 3, 4 }
    assert.same({ "m", 3 }, { o.label, o.pos[1] })
    assert.equal("n", Class { label = "n" }.label)
    molt.trait(name, { "any first", "string label", "float pos[2]", migrate = function(self) self.label = "typed" end })
    assert.equal("typed", o.label)
  end)
end)

describe("a trait that is in use under other names", function()
  it("stays so when it is declared again", function()
    local name = fresh "Voice"
    local Voice = molt.trait(name, { "double speak(double x)", "double fuel = 1", speak = function(_, x) return x end })
    local o = molt.class(fresh "Dog", { molt.rename(Voice, { speak = "bark" }) })()
    local p = molt.class(fresh "Cat")()
    molt.attach(p, molt.rename(Voice, { speak = "meow" }))
    molt.override(p, "meow", function() return 9 end)
    molt.trait(name, { "double more()", "double fuel", "double speak(double x)",
      speak = function(_, x) return 2 * x end, more = function() return 5 end })
    assert.same({ 6, nil, 5 }, { o:bark(3), o.speak, o:more() })
    assert.same({ 9, nil, 5 }, { p:meow(3), p.speak, p:more() })
    molt.restore(p)
    assert.equal(8, p:meow(4))
  end)
end)

describe("an implementation", function()
  it("keeps strings and arrays that it starts with", function()
    local name = fresh "Unit"
    local Unit = molt.trait(name, { "string label", "float pos[2]" })
    local Class = molt.class(fresh "Class", { molt.impl(Unit, { label = "started", pos = { 5, 6 } }) })
    local o = Class()
    molt.trait(name, { "double pad", "float pos[2]", "string label" })
    local p = Class()
    assert.same({ "started", 5, "started", 6 }, { o.label, o.pos[1], p.label, p.pos[2] })
  end)
end)

describe("hooks", function()
  it("run for the traits that an object gains and loses by becoming another", function()
    local log = {}
    local function hooked(prefix)
      local name = fresh(prefix)
      return molt.trait(name, {
        attached = function() log[#log + 1] = "+" .. prefix end,
        detached = function() log[#log + 1] = "-" .. prefix end,
      })
    end
    local A, B, C = hooked "A", hooked "B", hooked "C"
    local o = molt.class(fresh "One", { A, B })()
    log = {}
    molt.become(o, molt.class(fresh "Two", { B, C }))
    assert.same({ "-A", "+C" }, log)
    log = {}
    molt.destroy(o)
    table.sort(log)
    assert.same({ "-B", "-C" }, log)
  end)

  it("run for the traits that a class declared again gains and loses, and not for a refused one", function()
    local log = {}
    local function hooked(prefix)
      return molt.trait(fresh(prefix), { attached = function() log[#log + 1] = "+" .. prefix end,
        detached = function() log[#log + 1] = "-" .. prefix end })
    end
    local A, B = hooked "A", hooked "B"
    local Needy = molt.trait(fresh "Needy", { "double need()" })
    local name = fresh "Class"
    local function declare(list) return molt.class(name, list) end
    local o = declare { A } ()
    log = {}
    assert.has_error(function() declare { B, Needy } end)
    assert.same({}, log)
    declare { B }
    assert.same({ "-A", "+B" }, log)
    assert.is_true(molt.is(o, B))
  end)
end)
