-- Making objects: defaults, tables of fields, init.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("ConstructTank", { "double fuel = 10", "int8_t gears = 4", "any driver" })

local function new_class(spec)
  spec = spec or {}
  table.insert(spec, 1, Tank)
  return molt.class(fresh "Car", spec)
end

describe("making an object", function()
  it("gives it its defaults", function()
    local o = new_class()()
    assert.same({ 10, 4, nil }, { o.fuel, o.gears, o.driver })
  end)

  it("takes fields from a table", function()
    local o = new_class() { fuel = 1, driver = "Ada", label = "x" }
    assert.same({ 1, 4, "Ada", "x" }, { o.fuel, o.gears, o.driver, o.label })
  end)

  it("does not keep the table it was given", function()
    local given = { fuel = 1, driver = "Ada" }
    local o = new_class()(given)
    given.fuel, given.driver = 2, "Bob"
    assert.same({ 1, "Ada" }, { o.fuel, o.driver })
  end)

  it("refuses a field's value of the wrong type, blamed on the caller", function()
    local Car = new_class()
    refuses(function() Car { fuel = "full" } end, "field 'fuel' takes a double, got string")
    refuses(function() Car { gears = 1000 } end, "number 1000 is out of range for int8_t field 'gears' (-128 to 127)")
  end)

  it("takes a function under a method's name as an override of that object", function()
    local Car = new_class { honk = function() return "class" end }
    local o = Car { honk = function() return "own" end }
    assert.same({ "own", "class" }, { o:honk(), Car():honk() })
  end)

  it("refuses arguments that are no table when there is no init", function()
    local Car = new_class()
    for got, value in pairs { number = 5, string = "x", boolean = false, ["function"] = print } do
      refuses(function() Car(value) end, ("'%s' takes a table of fields, got %s"):format(molt.name(Car), got),
        ("define %s:init(…) to take other arguments"):format(molt.name(Car)))
    end
  end)

  it("refuses another object instead of a table of fields", function()
    local Car = new_class()
    local o = Car()
    refuses(function() Car(o) end, ("'%s' takes a table of fields, got object"):format(molt.name(Car)),
      "molt.clone copies an object")
    assert.equal(10, o.fuel)
  end)

  it("refuses [0] in a table of fields", function()
    local Car = new_class()
    refuses(function() Car { [0] = 5 } end,
      ("'%s' takes a table of fields, got a table with [0], which is molt's"):format(molt.name(Car)))
  end)

  it("gives every object a name of its own", function()
    local Car = new_class()
    local a, b = Car(), Car()
    assert.not_equal(molt.name(a), molt.name(b))
    assert.matches("^" .. molt.name(Car) .. "#%d+$", molt.name(a))
  end)

  it("makes objects that are tables in every respect", function()
    local Car = new_class()
    local a, b = Car(), Car()
    local set = { [a] = "a", [b] = "b" }
    assert.same({ "table", "a", "b" }, { type(a), set[a], set[b] })
    assert.is_true(a ~= b and a == a)
  end)
end)

describe("init", function()
  it("receives the arguments of the call", function()
    local Car = new_class { init = function(self, fuel, ...)
      self.fuel, self.count = fuel, select("#", ...)
    end }
    local o = Car(3, nil, 5, nil)
    assert.same({ 3, 3 }, { o.fuel, o.count })
  end)

  it("is called without arguments, too", function()
    local Car = new_class { init = function(self, ...) self.got = select("#", ...) end }
    assert.is_true(Car().got <= 1)
  end)

  it("finds the defaults in place", function()
    local seen
    new_class { init = function(self) seen = self.fuel end }()
    assert.equal(10, seen)
  end)

  it("takes the place of the table of fields", function()
    local o = new_class { init = function() end } { fuel = 99 }
    assert.equal(10, o.fuel)
  end)

  it("of the base is called by its name", function()
    local Base = new_class { init = function(self, fuel) self.fuel = fuel end }
    local Sub = molt.class(fresh "Sub", { extends = Base })
    function Sub:init(fuel, gears)
      Base.init(self, fuel)
      self.gears = gears
    end
    local o = Sub(7, 2)
    assert.same({ 7, 2 }, { o.fuel, o.gears })
  end)

  it("of the base is inherited", function()
    local Base = new_class { init = function(self, fuel) self.fuel = fuel end }
    assert.equal(8, molt.class(fresh "Sub", { extends = Base })(8).fuel)
  end)

  it("defined after the first object serves the next", function()
    local Car = new_class()
    Car()
    function Car:init(fuel) self.fuel = fuel end
    assert.equal(5, Car(5).fuel)
  end)

  it("that fails passes its error on as it is", function()
    local reason = {}
    local Car = new_class { init = function() error(reason) end }
    local ok, err = pcall(Car)
    assert.is_false(ok)
    assert.equal(reason, err)
  end)

  it("that fails leaves an object that is collected", function()
    local Car = new_class { init = function() error("no") end }
    for _ = 1, 20 do pcall(Car) end
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("may print its object", function()
    local text
    local Car = new_class { init = function(self) text = tostring(self) end }
    local o = Car()
    assert.equal(molt.name(o) .. " {ConstructTank}", text)
  end)

  it("may make other objects, of its own class too", function()
    local Node = molt.class(fresh "Node")
    function Node:init(depth)
      if depth > 0 then self.child = Node(depth - 1) end
    end
    local depth, node = 0, Node(50)
    while node.child do depth, node = depth + 1, node.child end
    assert.equal(50, depth)
  end)

  it("may attach traits and override methods of its object", function()
    local Extra = molt.trait(fresh "Extra", { "double heat = 3" })
    local Car = new_class { honk = function() return "class" end, init = function(self)
      molt.attach(self, Extra)
      molt.override(self, "honk", function() return "own" end)
    end }
    local o = Car()
    assert.same({ 3, "own" }, { o.heat, o:honk() })
  end)

  it("may destroy its object", function()
    local o = new_class { init = function(self) molt.destroy(self) end }()
    assert.is_false(molt.alive(o))
  end)

  it("may yield from a coroutine", function()
    local Car = new_class { init = function(self) self.fuel = coroutine.yield("waiting") end }
    local thread = coroutine.create(function() return Car() end)
    local _, said = coroutine.resume(thread)
    local _, o = coroutine.resume(thread, 77)
    assert.same({ "waiting", 77 }, { said, o.fuel })
  end)
end)

describe("a coroutine", function()
  it("makes and uses objects as the main program does", function()
    local Car = new_class()
    local sum = 0
    for i = 1, 10 do
      coroutine.wrap(function()
        local o = Car { fuel = i }
        coroutine.yield(o)
        error("never resumed")
      end)()
      sum = sum + coroutine.wrap(function() return Car { fuel = i }.fuel end)()
    end
    assert.equal(55, sum)
  end)
end)

describe("names that nobody declared", function()
  it("are kept, however many objects have been given them", function()
    local Car = molt.class("ConstructUndeclared", { molt.trait("ConstructBarrel", { "double fuel = 10", "any owner" }),
      run = function(self) return self.fuel end })
    for i = 1, 200 do
      local o = Car()
      assert.same({ nil, nil, nil }, { o.driver, o.colour, o[1] })
      o.driver, o.colour, o[1] = "Ada" .. i, i, i
      local seen, iterate = {}, next
      for k, v in iterate, o do
        if k ~= 0 then seen[k] = v end
      end
      assert.same({ driver = "Ada" .. i, colour = i, [1] = i }, seen)
      assert.equal(10, o:run())
    end
  end)
end)
