-- What is declared again while a native method is on the stack waits until it returns.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

local border = assert(molt.load(helper.build_dir .. "/tests/natives/border.so"))
local Probe = molt.impl(molt.find "Probe", { down = function() return 0 end, told = function() end })

-- Calls fn with a native method of `o` beneath it.
local function inside(o, fn)
  local done = false
  o.answer = function(_, x)
    if not done then
      done = true
      fn()
    end
    return x
  end
  o:relay(1)
  o.answer = nil
end

local function new_object()
  local name, class = fresh "Tank", fresh "Car"
  local Tank = molt.trait(name, { "double fuel = 10", "any driver" })
  local Car = molt.class(class, { Tank, border.Classic, Probe })
  return name, Car { fuel = 3 }, Car, class
end

describe("while a native method is on the stack", function()
  it("a trait declared again waits until it has returned", function()
    local name, o = new_object()
    inside(o, function()
      assert.equal("trait " .. name, tostring(molt.trait(name, { "double pad = 7", "double fuel" })))
      assert.same({ 3, nil }, { o.fuel, o.pad })
      o.fuel = 4
    end)
    assert.same({ 4, 7 }, { o.fuel, o.pad })
  end)

  it("a class declared again and a new class of an object wait, in order", function()
    local _, o, _, class = new_object()
    local Extra = molt.trait(fresh "Extra", { "double extra = 2" })
    local Other = molt.class(fresh "Other", { Extra })
    inside(o, function()
      molt.class(class, { border.Classic, Probe, Extra, answer = function(_, x) return x end })
      molt.become(o, Other)
      assert.is_nil(o.extra)
    end)
    assert.same({ 2, Other, nil }, { o.extra, molt.class_of(o), o.fuel })
  end)

  it("what waits sees the traits that waited before it", function()
    local name, o, Car, class = new_object()
    inside(o, function()
      local Tank = molt.trait(name, { "double fuel", "double more = 5" })
      molt.class(class, { Tank, border.Classic, Probe, answer = function(_, x) return x end })
    end)
    assert.same({ 3, 5, 5 }, { o.fuel, o.more, Car().more })
  end)

  it("a declaration that cannot be read is refused at once", function()
    local name, o = new_object()
    inside(o, function()
      local ok, err = pcall(molt.trait, name, { "double double" })
      assert.is_false(ok)
      assert.equal("declaration", err.code)
    end)
    assert.equal(3, o.fuel)
  end)

  it("what turns out to fail afterwards is raised where the outermost call was made", function()
    local name, o = new_object()
    local ok, err = pcall(inside, o, function() molt.trait(name, { "bool fuel" }) end)
    assert.is_false(ok)
    assert.matches("field 'fuel' is double and cannot become bool", err.message)
    o.answer = nil
    assert.equal(3, o.fuel)
    assert.equal(3, o:relay(2))
  end)

  it("what nothing alive has does not wait", function()
    local _, o = new_object()
    local name = fresh "Idle"
    molt.trait(name, { "double a" })
    inside(o, function()
      local _, report = molt.trait(name, { "double b = 2" })
      assert.same({ "b" }, report.added)
    end)
  end)

  it("a migrate function and what it calls run afterwards, once", function()
    local name, o = new_object()
    local times = 0
    local listener = molt.on("redefine", function() o:relay(1) end)
    inside(o, function()
      molt.trait(name, { "double fuel", "double doubled", migrate = function(self)
        times = times + 1
        self.doubled = 2 * self.fuel
      end })
      assert.equal(0, times)
    end)
    listener:remove()
    assert.same({ 1, 6 }, { times, o.doubled })
  end)
end)
