-- Required fields: no default, to be given when an object is made or a trait attached.

local molt = require "molt"
local helper = require "helper"

local fresh = helper.fresh

local Mass = molt.trait("RequiredMass", { "required double mass", "required string label", "double fuel = 1" })
local Body = molt.class("RequiredBody", { Mass })

local function fails(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal("missing", err.code)
  return err.message
end

describe("a required field", function()
  it("must be in the table that makes the object; all that lack are listed", function()
    local where = molt.fields(Mass).mass.where
    assert.equal(("'RequiredBody' lacks required fields:\n"
      .. "  RequiredMass.mass has no value: 'double mass', declared at %s\n"
      .. "  RequiredMass.label has no value: 'string label', declared at %s"):format(where, where), fails(Body, {}))
    fails(Body)
    assert.is_nil(fails(Body, { mass = 1 }):find("RequiredMass.mass", 1, true))
    local body = Body { mass = 1, label = "" }
    assert.equal(1, body.mass)
  end)

  it("leaves nothing behind when it lacks", function()
    helper.collect_all()
    local before = molt.count(Body)
    fails(Body, { fuel = 3 })
    assert.equal(before, molt.count(Body))
  end)

  it("must be assigned by init, if there is one", function()
    local Class = molt.class(fresh "Class", { Mass })
    function Class:init(mass, label)
      if mass then self.mass = mass end
      if label then molt.as(self, Mass).label = label end
    end
    assert.equal(5, Class(5, "x").mass)
    assert.matches("RequiredMass.label", fails(Class, 5), 1, true)
    assert.matches("whose init has returned, lacks", fails(Class), 1, true)
    assert.equal("x", Class(5, "x").label)
  end)

  it("is not assigned by an assignment that was refused", function()
    local Class = molt.class(fresh "Class", { Mass })
    function Class:init() pcall(function() self.mass = "much" end) self.label = "x" end
    assert.matches("RequiredMass.mass", fails(Class), 1, true)
  end)

  it("may be assigned by objects made one inside the other", function()
    local Class = molt.class(fresh "Class", { Mass })
    function Class:init(depth)
      self.mass = depth
      if depth > 0 then self.inner = Class(depth - 1) end
      self.label = "depth " .. depth
    end
    assert.equal("depth 0", Class(3).inner.inner.inner.label)
  end)

  it("lets the error of an init through", function()
    local Class = molt.class(fresh "Class", { Mass, init = function() error("mine", 0) end })
    local _, err = pcall(Class)
    assert.equal("mine", err)
    assert.equal(1, Body { mass = 1, label = "x" }.mass)
  end)

  it("may have its value from an implementation, given at any time", function()
    local impl = molt.impl(Mass, { mass = 7 })
    local Class = molt.class(fresh "Class", { impl })
    fails(Class, {})
    impl.label = "impl"
    assert.equal(7, Class {}.mass)
    local Sub = molt.class(fresh "Sub", { extends = Class })
    assert.equal("impl", Sub {}.label)
  end)

  it("must be given at attach; nothing has changed otherwise", function()
    local Other = molt.trait(fresh "Other", { "required float size" })
    local o = molt.class(fresh "Class", {}) {}
    local message = fails(molt.attach, o, { Mass, Other })
    for _, name in ipairs { "mass", "label", "size" } do assert.matches("." .. name .. " has no value", message, 1, true) end
    assert.is_false(molt.is(o, Mass))
    molt.attach(o, { Mass, Other }, { mass = 1, label = "x", size = 2 })
    assert.equal(2, o.size)
    molt.detach(o, Other)
    o.size = 4                                       -- a raw key gives it too
    molt.attach(o, Other)
    assert.equal(4, o.size)
    molt.detach(o, Mass)
    molt.attach(o, molt.impl(Mass, { mass = 9, label = "impl" }))
    assert.equal(9, o.mass)
  end)

  it("cannot be brought to live objects by a class, but by an implementation with values", function()
    local Class = molt.class(fresh "Class", {})
    local Sub = molt.class(fresh "Sub", { extends = Class })
    local o = Sub {}
    assert.matches("each of the 1 live objects of class", fails(molt.use, Class, Mass), 1, true)
    assert.is_false(molt.is(o, Mass))
    molt.use(Class, molt.impl(Mass, { mass = 3, label = "all" }))
    assert.equal(3, o.mass)
  end)

  it("may become so by a declaration that changes nothing else: objects made then must have it", function()
    local name = fresh "Later"
    local Later = molt.trait(name, { "double mass", "string label", "double fuel" })
    local Class, Made = molt.class(fresh "Class", { Later }), molt.class(fresh "Made", { Later })
    function Made:init(how)
      if how == "view" then molt.as(self, Later).mass = 1 elseif how then self.mass, self.label = 1, "x" end
    end
    local old, made = Class { fuel = 1 }, Made()
    local view = molt.as(made, Later)
    molt.trait(name, { "required double mass", "required string label", "double fuel" })
    fails(Class, {})
    fails(Made)
    assert.is_nil(fails(Made, "view"):find("mass has no value", 1, true))
    assert.equal(1, Class { mass = 1, label = "" }.mass)
    assert.equal(1, Made(true).mass)
    old.mass, view.mass = 5, 6
    assert.same({ 5, 6, 0 }, { old.mass, made.mass, made.fuel })
    molt.trait(name, { "double mass", "required string label", "double fuel" })
    assert.is_nil(fails(Class, {}):find("mass has no value", 1, true))
    assert.equal(0, Class { label = "" }.mass)
  end)

  it("is refused as before when a declaration that makes it so fails", function()
    local name = fresh "Refused"
    local Later = molt.trait(name, { "double mass" })
    local Class = molt.class(fresh "Class", { Later })
    local o = Class {}
    assert.is_false(pcall(molt.trait, name, { "required double mass", "required double more" }))
    assert.same({ 0, 0 }, { Class {}.mass, o.mass })
  end)

  it("that became so is asked for by the next attach, and writable where it was attached before", function()
    local name = fresh "Attached"
    local Later = molt.trait(name, { "double mass" })
    local o = molt.attach(molt.class(fresh "Class", {}) {}, Later)
    molt.trait(name, { "required double mass" })
    o.mass = 3
    assert.equal(3, o.mass)
    assert.matches("mass has no value", fails(molt.attach, molt.class(fresh "Class", {}) {}, Later), 1, true)
  end)

  it("is copied by clone, and marked in the list of fields", function()
    local copy = molt.clone(Body { mass = 4, label = "x" })
    assert.equal(4, copy.mass)
    assert.is_true(molt.fields(copy).mass.required)
    assert.is_nil(molt.fields(copy).fuel.required)
  end)
end)
