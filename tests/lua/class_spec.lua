-- molt.class: composing traits, extending, defining methods.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

describe("a class", function()
  it("may have no traits at all", function()
    local Bare = molt.class(fresh "Bare")
    local o = Bare { label = "x" }
    assert.equal("x", o.label)
    assert.same({}, molt.traits_of(o))
  end)

  it("is the same value when it is declared again", function()
    local name, T = fresh "Car", molt.trait(fresh "T")
    assert.equal(molt.class(name, { T }), molt.class(name, { T }))
  end)

  it("refuses an unequal declaration and names both places", function()
    local name, T = fresh "Car", molt.trait(fresh "T")
    molt.class(name, { T })
    local line = debug.getinfo(1, "l").currentline
    local elsewhere = assert(loadstring("require 'molt'.class(..., {})", "@elsewhere.lua"))
    local ok, err = pcall(elsewhere, name)
    assert.is_false(ok)
    assert.equal(("class '%s' is declared unequally at tests/lua/class_spec.lua:%d and at elsewhere.lua:1"):format(
      name, line - 1), err.message)
  end)

  it("takes one trait instead of a list", function()
    local T = molt.trait(fresh "T", { "double x = 4" })
    assert.equal(4, molt.class(fresh "Car", T)().x)
  end)

  it("counts a trait that is named twice once", function()
    local T = molt.trait(fresh "T")
    assert.equal(1, #molt.traits_of(molt.class(fresh "Car", { T, T })))
  end)

  it("brings the trait of an implementation along", function()
    local T = molt.trait(fresh "T", { "double x", "double twice()" })
    local Impl = molt.impl(T, { x = 21, twice = function(self) return 2 * self.x end })
    assert.equal(42, molt.class(fresh "Car", { Impl })():twice())
  end)

  it("prints as what it is", function()
    local name = fresh "Car"
    assert.equal("class " .. name, tostring(molt.class(name)))
  end)

  it("guards its metatable", function()
    assert.equal("class", getmetatable(molt.class(fresh "Car")))
  end)

  it("keeps values that are no methods, apart from its objects", function()
    local Car = molt.class(fresh "Car")
    Car.count = 3
    assert.equal(3, Car.count)
    assert.is_nil(Car().count)
  end)

  it("may stay incomplete until it is first instantiated", function()
    local T = molt.trait(fresh "T", { "double range(double load)" })
    local line = debug.getinfo(1, "l").currentline - 1
    local Car = molt.class(fresh "Car", { T })
    refuses(function() Car() end, ("class '%s' does not compose:\n  %s.range has no implementation: "
      .. "'double range(double)', declared at tests/lua/class_spec.lua:%d"):format(molt.name(Car), molt.name(T), line))
    function Car:range(load) return load end
    assert.equal(2, Car():range(2))
  end)

  it("refuses a field name that two of its traits have", function()
    local A, B = molt.trait(fresh "A", { "double x" }), molt.trait(fresh "B", { "double x" })
    local line = debug.getinfo(1, "l").currentline - 1
    local Both = molt.class(fresh "Both", { A, B })
    local at = ("(tests/lua/class_spec.lua:%d)"):format(line)
    refuses(function() Both() end,
      ("class '%s' does not compose:\n  'x' is a field of %s %s and a field of %s %s"):format(
      molt.name(Both), molt.name(B), at, molt.name(A), at))
  end)

  it("refuses a method under the name of a field", function()
    local Car = molt.class(fresh "Car", { molt.trait(fresh "T", { "double x" }) })
    Car()
    local ok, err = pcall(function() function Car.x() end end)
    assert.is_false(ok)
    assert.matches("'x' is a field of", err.message)
  end)
end)

describe("a method of a class", function()
  it("may be given with the declaration", function()
    local Car = molt.class(fresh "Car", { honk = function() return "honk" end })
    assert.equal("honk", Car():honk())
  end)

  it("redefined reaches the objects that live", function()
    local Car = molt.class(fresh "Car", { honk = function() return "old" end })
    local o = Car()
    function Car:honk() return "new" end
    assert.equal("new", o:honk())
  end)

  it("is read back from the class", function()
    local Car = molt.class(fresh "Car")
    local function honk() end
    Car.honk = honk
    assert.equal(honk, Car.honk)
    Car()
    assert.equal(honk, Car.honk)
  end)

  it("assigned nil is gone, and what it hid is there again", function()
    local T = molt.trait(fresh "T", { honk = function() return "trait" end })
    local Car = molt.class(fresh "Car", { T, honk = function() return "class" end })
    local o = Car()
    Car.honk = nil
    assert.equal("trait", o:honk())
  end)

  it("replaced by a plain value is gone as well", function()
    local Car = molt.class(fresh "Car", { honk = function() return "honk" end })
    local o = Car()
    Car.honk = 5
    assert.equal(5, Car.honk)
    assert.is_nil(o.honk)
  end)

  it("that an object needs cannot be taken away", function()
    local T = molt.trait(fresh "T", { "double range()" })
    local Car = molt.class(fresh "Car", { T, range = function() return 1 end })
    local o = Car()
    local ok, err = pcall(function() Car.range = nil end)
    assert.is_false(ok)
    assert.matches("has no implementation", err.message)
    assert.equal(1, o:range())
  end)

  it("refuses a name that is no text", function()
    local Car = molt.class(fresh "Car")
    refuses(function() Car[1] = print end,
      ("bad argument #1 to 'class %s' (method name expected, got number)"):format(molt.name(Car)))
  end)

  it("refuses nil and NaN as names", function()
    local Car = molt.class(fresh "Car")
    local where = "class " .. molt.name(Car)
    refuses(function() Car[nil] = 1 end, ("bad argument #1 to '%s' (name expected, got nil)"):format(where))
    refuses(function() Car[0 / 0] = 1 end, ("bad argument #1 to '%s' (name expected, got number)"):format(where))
  end)

  it("may be named like a verb or like Lua's own machinery", function()
    local Car = molt.class(fresh "Car")
    for _, name in ipairs { "destroy", "fields", "extends", "strict", "__index", "__newindex", "__tostring", "__gc" } do
      Car[name] = function() return name end
    end
    local o = Car()
    assert.equal("__index", o:__index())
    assert.equal("destroy", o:destroy())
    assert.equal("extends", o:extends())
    o.anything = 1
    assert.equal(1, o.anything)
    assert.equal("__tostring", tostring(o))
  end)
end)

describe("extending a class", function()
  local function base()
    local T = molt.trait(fresh "T", { "double fuel = 10", "double range(double load)" })
    local Base = molt.class(fresh "Base", { T })
    function Base:range(load) return self.fuel * load end
    function Base:who() return "base" end
    return Base, T
  end

  it("inherits fields and methods", function()
    local Base = base()
    local o = molt.class(fresh "Sub", { extends = Base })()
    assert.equal(30, o:range(3))
  end)

  it("adds traits to the base's", function()
    local Base, T = base()
    local U = molt.trait(fresh "U", { "int8_t gears = 5" })
    local Sub = molt.class(fresh "Sub", { U, extends = Base })
    local o = Sub()
    assert.same({ 10, 5 }, { o.fuel, o.gears })
    assert.same({ T, U }, molt.traits_of(o))
  end)

  it("lets the subclass's methods win", function()
    local Base = base()
    local Sub = molt.class(fresh "Sub", { extends = Base, who = function() return "sub" end })
    assert.equal("sub", Sub():who())
    assert.equal("base", Base():who())
  end)

  it("lets the way up be spelt by the base's name", function()
    local Base = base()
    local Sub = molt.class(fresh "Sub", { extends = Base })
    function Sub:who() return "sub of " .. Base.who(self) end
    assert.equal("sub of base", Sub():who())
  end)

  it("passes a redefinition of the base on to objects that live", function()
    local Base = base()
    local o = molt.class(fresh "Sub", { extends = Base })()
    function Base:who() return "new" end
    assert.equal("new", o:who())
  end)

  it("makes objects that are of the base too", function()
    local Base = base()
    local Sub = molt.class(fresh "Sub", { extends = Base })
    assert.is_true(molt.is(Sub(), Base))
    assert.is_false(molt.is(Base(), Sub))
  end)

  it("refuses what is no class", function()
    refuses(function() molt.class("Extends_1", { extends = "Base" }) end,
      "'extends' of class 'Extends_1' takes a class, got string")
  end)
end)

describe("a strict class", function()
  local T = molt.trait("StrictTank", { "double fuel = 10", "any driver", describe = function() end })
  local Strict = molt.class("StrictCar", { T, strict = true })

  it("refuses to read an unknown name, and says a near one", function()
    local o = Strict()
    refuses(function() return o.feul .. "" end,
      molt.name(o) .. " has no field or method 'feul'", "did you mean 'fuel'?")
  end)

  it("refuses to write an unknown name", function()
    local o = Strict()
    refuses(function() o.feul = 1 end, molt.name(o) .. " has no field or method 'feul'", "did you mean 'fuel'?")
    assert.is_nil(rawget(o, "feul"))
  end)

  it("knows its Lua-valued fields, set or not", function()
    local o = Strict()
    assert.is_nil(o.driver)
    o.driver = "Ada"
    assert.equal("Ada", o.driver)
  end)

  it("lets its methods be overridden by assignment", function()
    local o = Strict()
    o.describe = function() return 1 end
    assert.equal(1, o:describe())
  end)

  it("leaves keys that are no text alone", function()
    local o = Strict()
    o[1] = "one"
    assert.equal("one", o[1])
    assert.is_nil(o[2])
  end)

  it("makes its subclasses strict", function()
    local o = molt.class(fresh "Sub", { extends = Strict })()
    assert.has_error(function() o.feul = 1 end)
  end)
end)

describe("declaring a class", function()
  it("refuses a member that is neither trait nor implementation", function()
    refuses(function() molt.class("Members_1", { 5 }) end,
      "class 'Members_1' takes traits and implementations, got number at 1")
    refuses(function() molt.class("Members_2", { "Vehicle" }) end,
      "class 'Members_2' takes traits and implementations, got string at 1")
  end)

  it("refuses a hole in its list, as a misspelt variable leaves one", function()
    local T = molt.trait(fresh "T")
    refuses(function() molt.class("Members_3", { T, nil, T }) end,
      "class 'Members_3' takes a list of traits and named options, got the key 3")
  end)

  it("refuses an option it does not know and names a near one", function()
    refuses(function() molt.class("Options_1", { extend = 1 }) end, "class 'Options_1' has no option 'extend'",
      "did you mean 'extends'?")
  end)

  it("refuses a specification that is no table", function()
    refuses(function() molt.class("Spec_1", 5) end, "bad argument #2 to 'class' (list of traits expected, got number)")
    local Car = molt.class(fresh "Car")
    refuses(function() molt.class("Spec_2", Car) end, "bad argument #2 to 'class' (list of traits expected, got class)")
  end)

  it("leaves no class behind when it is refused", function()
    pcall(molt.class, "Refused_1", { extend = 1 })
    assert.is_nil((molt.find("Refused_1")))
  end)

  it("takes hundreds of classes", function()
    local T = molt.trait(fresh "T", { "double x = 1" })
    local sum, count = 0, helper.stress and 50 or 500
    for _ = 1, count do sum = sum + molt.class(fresh "Many", { T })().x end
    assert.equal(count, sum)
  end)
end)

describe("a class that C declared", function()
  it("is one class, whether its objects or its name come to Lua first", function()
    local core, shapes = require "molt.core", require "molt.shapes"
    local name = fresh "Host"
    local pointer = assert(core.class_declare(name, nil, {}, "host.c:1"))
    shapes.get(assert(core.class_shape(pointer)))     -- as an object of it does that comes to Lua
    local Host = molt.find(name)
    local o = Host()
    assert.is_true(molt.is(o, Host))
    assert.equal(Host, molt.class_of(molt.clone(o)))
    assert.equal(1, #{ molt.each(Host)() })
  end)
end)

describe("a class that is declared again", function()
  it("has the implementations of its list once, under later fills", function()
    local T = molt.trait(fresh "T", { "double get()", get = function() return 1 end })
    local Impl, Later = molt.impl(T, { get = function() return 2 end }), molt.impl(T, { get = function() return 3 end })
    local name = fresh "Again"
    local Car = molt.class(name, { T, Impl })
    local o = Car()
    molt.use(Car, Later)
    for _ = 1, 3 do assert.equal(Car, molt.class(name, { T, Impl })) end
    assert.equal(3, o:get())
    molt.drop(Car, Later)
    assert.equal(2, o:get())
    molt.drop(Car, Impl)
    assert.equal(1, o:get())
  end)

  it("loses the implementations that its list has no more", function()
    local T = molt.trait(fresh "T", { "double get()", get = function() return 1 end })
    local Impl = molt.impl(T, { get = function() return 2 end })
    local name = fresh "Again"
    local o = molt.class(name, { T, Impl })()
    molt.class(name, { T })
    assert.equal(1, o:get())
  end)
end)
