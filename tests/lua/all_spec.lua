-- Methods declared `all`: every definition of the name runs.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

-- A trait whose `update` writes down its mark.
local function marks(name, mark, spec)
  spec = spec or {}
  spec[1] = spec[1] or "all void update(double dt)"
  spec.update = function(self, dt) self.log = (self.log or "") .. mark .. dt end
  return molt.trait(name, spec)
end

local function log(o)
  o.log = nil
  o:update(1)
  return o.log
end

describe("a method declared all", function()
  it("runs every definition, by the names of the traits", function()
    local B, A, C = marks(fresh "AllB", "b"), marks(fresh "AllA", "a"), marks(fresh "AllC", "c")
    assert.equal("a1b1c1", log(molt.class(fresh "Car", { B, C, A })()))
    assert.equal("a1b1c1", log(molt.class(fresh "Car", { A, B, C })()))
  end)

  it("runs required traits first", function()
    local Z = marks(fresh "AllZ", "z")
    local Y = molt.trait(fresh "AllY", { requires = { Z } })
    local A = marks(fresh "AllA", "a", { requires = { Y } })
    local B = marks(fresh "AllB", "b")
    assert.equal("b1z1a1", log(molt.class(fresh "Car", { A, B, Y, Z })()))
  end)

  it("runs traits that require each other by their names, before what requires them", function()
    local x, y = fresh "AllX", fresh "AllY"
    local X = marks(x, "x", { requires = { "trait " .. y } })
    local Y = marks(y, "y", { requires = { X } })
    local A = marks(fresh "AllA", "a", { requires = { Y } })
    assert.equal("x1y1a1", log(molt.class(fresh "Car", { A, X, Y })()))
  end)

  it("runs what classes define themselves last, the base first", function()
    local A = marks(fresh "AllA", "a")
    local Base = molt.class(fresh "Base", { A, update = function(self) self.log = self.log .. "base" end })
    local Car = molt.class(fresh "Car", { extends = Base, update = function(self) self.log = self.log .. "car" end })
    assert.equal("a1basecar", log(Car()))
    assert.equal("a1base", log(Base()))
  end)

  it("runs an implementation in place of what its trait defines", function()
    local A, B = marks(fresh "AllA", "a"), marks(fresh "AllB", "b")
    local Impl = molt.impl(A, { update = function(self) self.log = "impl" end })
    local Car = molt.class(fresh "Car", { A, B })
    local o = Car()
    molt.use(Car, Impl)
    assert.equal("implb1", log(o))
    molt.drop(Car, Impl)
    assert.equal("a1b1", log(o))
  end)

  it("needs no definition", function()
    local A = molt.trait(fresh "AllA", { "all void update(double dt)" })
    local o = molt.class(fresh "Car", { A })()
    assert.is_nil(log(o))
    assert.same({}, molt.missing(molt.impl(A)))
  end)

  it("gains and loses definitions by attach and detach", function()
    local A, B = marks(fresh "AllA", "a"), marks(fresh "AllB", "b")
    local Car = molt.class(fresh "Car", { B })
    local o, p = Car(), Car()
    molt.attach(o, A)
    assert.equal("a1b1", log(o))
    assert.equal("b1", log(p))
    molt.detach(o, A)
    assert.equal("b1", log(o))
  end)

  it("runs the definitions of traits that do not declare it", function()
    local A = marks(fresh "AllA", "a")
    local B = molt.trait(fresh "AllB", { update = function(self) self.log = self.log .. "b" end })
    assert.equal("a1b", log(molt.class(fresh "Car", { B, A })()))
  end)

  it("follows edits of a trait under live objects", function()
    local A, B = marks(fresh "AllA", "a"), marks(fresh "AllB", "b")
    local o = molt.class(fresh "Car", { A, B })()
    function A:update() self.log = "new" end
    assert.equal("newb1", log(o))
  end)

  it("is replaced as a whole by an override of one object", function()
    local A, B = marks(fresh "AllA", "a"), marks(fresh "AllB", "b")
    local o = molt.class(fresh "Car", { A, B })()
    local patch = molt.override(o, "update", function(self) self.log = "override" end)
    assert.equal("override", log(o))
    patch:remove()
    assert.equal("a1b1", log(o))
  end)

  it("stops at an error", function()
    local A = marks(fresh "AllA", "a")
    local B = molt.trait(fresh "AllB", { update = function() error "broken" end })
    local C = marks(fresh "AllC", "c")
    local o = molt.class(fresh "Car", { A, B, C })()
    assert.error_matches(function() o:update(1) end, "broken")
    assert.equal("a1", o.log)
  end)

  it("skips what an earlier definition took away", function()
    local B = marks(fresh "AllB", "b")
    local A = marks(fresh "AllA", "a")
    local C = marks(fresh "AllC", "c")
    local Car = molt.class(fresh "Car", { A, C })
    local o = molt.attach(Car(), B)
    function A:update() self.log = "a" if molt.is(self, B) then molt.detach(self, B) end end
    assert.equal("ac1", log(o))
    local p = Car()
    function A:update() molt.destroy(self) end
    p:update(1)
    assert.is_false(molt.alive(p))
  end)

  it("is told by molt.methods as what runs, in order", function()
    local A, B = marks(fresh "AllA", "a"), marks(fresh "AllB", "b")
    local o = molt.class(fresh "Car", { B, A })()
    local entry = molt.methods(o).update
    assert.same({}, entry.hides)
    assert.same({ molt.name(A), molt.name(B) }, { entry.all[1].trait, entry.all[2].trait })
  end)

  it("passes its arguments to each, and returns nothing", function()
    local A = molt.trait(fresh "AllA", { "all void update(double dt)", update = function() return 1 end })
    local B = marks(fresh "AllB", "b")
    assert.equal(0, select("#", molt.class(fresh "Car", { A, B })():update(1)))
  end)
end)

describe("declaring a method all", function()
  it("is for void methods", function()
    local name = fresh "T"
    local ok, err = pcall(molt.trait, name, { "all double range()" })
    assert.is_false(ok)
    assert.equal("declaration", err.code)
    assert.truthy(err.message:find("expected a void method behind all", 1, true))
    assert.is_false((pcall(molt.trait, name, { "all double fuel" })))
    assert.is_nil(molt.find(name))
  end)

  it("is part of the signature: whoever declares the name declares it so", function()
    local A = marks(fresh "AllA", "a")
    local B = molt.trait(fresh "AllB", { "void update(double dt)", update = function() end })
    local Car = molt.class(fresh "Car", { A, B })
    local _, err = pcall(Car)
    assert.equal("conflict", err.code)
    assert.truthy(err.message:find("'update' is 'all void update(double)' in ", 1, true))
    assert.truthy(err.message:find("and 'void update(double)' in ", 1, true))
  end)
end)

describe("a method declared all, native and Lua mixed", function()
  local chorus = assert(molt.load(helper.build_dir .. "/tests/natives/chorus"))
  local Drum = molt.find "ChorusDrum"
  local A = molt.trait("ChorusA", { "all void play(double by)", play = function(self) self.total = 7 end })
  local Z = molt.trait("ChorusZ", { requires = { Drum }, play = function(self) self.total = self.total * 10 + 9 end })

  it("runs all when it is called from Lua", function()
    local o = molt.class(fresh "Band", { Z, A, chorus.ChorusDrum })()
    o:play(2)
    assert.same({ 729, 2 }, { o.total, o.beats })
  end)

  it("runs all when it is called from C", function()
    local o = molt.class(fresh "Band", { A, chorus.ChorusDrum })()
    molt.attach(o, Z)
    o:conduct(2)
    assert.same({ 729, 4 }, { o.total, o.beats })
    molt.detach(o, Z)
    o:conduct(3)
    assert.same({ 73, 10 }, { o.total, o.beats })
  end)

  it("is overridden as a whole, for C too", function()
    local o = molt.class(fresh "Band", { A, chorus.ChorusDrum })()
    local calls = 0
    o.play = function() calls = calls + 1 end
    o:conduct(1)
    assert.same({ 2, 0 }, { calls, o.total })
    o.play = nil
    o:conduct(1)
    assert.equal(71, o.total)
  end)

  it("raises an error of one, and the rest does not run", function()
    local Bad = molt.trait(fresh "ChorusBad", { play = function() error "out of tune" end })
    local o = molt.class(fresh "Band", { Bad, A, chorus.ChorusDrum })()
    assert.error_matches(function() o:play(1) end, "out of tune")
    assert.equal(0, o.beats)
    assert.error_matches(function() o:conduct(1) end, "out of tune")
    assert.equal(0, o.beats)
  end)

  it("skips what an earlier definition took away", function()
    local o = molt.attach(molt.class(fresh "Band", { chorus.ChorusDrum })(), Z)
    local First = molt.trait(fresh "ChorusAA", { play = function(self) if molt.is(self, Z) then molt.detach(self, Z) end end })
    molt.attach(o, First)
    o:conduct(4)
    assert.equal(44, o.total)
  end)

  it("runs through a view", function()
    local o = molt.class(fresh "Band", { A, chorus.ChorusDrum })()
    molt.as(o, Drum):play(5)
    assert.same({ 75, 5 }, { o.total, o.beats })
  end)
end)
