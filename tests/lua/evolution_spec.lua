-- Declaring a trait or a class again: live objects follow, all or none.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

-- A declaration in another file.
local elsewhere = assert(loadstring("local verb, name, spec = ... return (require 'molt'[verb](name, spec))",
  "@elsewhere.lua"))

-- A trait of these lines, a class with it, and an object.
local function car_with(lines, fields)
  local name = fresh "Tank"
  local Tank = molt.trait(name, lines)
  local Car = molt.class(fresh "Car", { Tank })
  return name, Car(fields), Car, Tank
end

describe("a trait declared again in its file", function()
  it("is the same value, and its objects the same objects", function()
    local name, car, Car, Tank = car_with { "double fuel = 10" }
    assert.equal(Tank, (molt.trait(name, { "double fuel = 10", "double more = 3" })))
    assert.equal(Car, molt.class_of(car))
    assert.is_true(molt.is(car, Tank))
  end)

  it("keeps the fields whose names and types stay, wherever they stand", function()
    local name, car = car_with({ "double fuel", "int8_t gears", "bool open" }, { fuel = 40, gears = 4, open = true })
    molt.trait(name, { "bool open", "int32_t added = 7", "double fuel", "int8_t gears" })
    assert.same({ 40, 4, true, 7 }, { car.fuel, car.gears, car.open, car.added })
    car.added, car.fuel = 8, 41
    assert.same({ 41, 4, true, 8 }, { car.fuel, car.gears, car.open, car.added })
  end)

  for _, pair in ipairs {
    { "int8_t", "int16_t", -128 }, { "int16_t", "int64_t", -32768 }, { "uint8_t", "int16_t", 255 },
    { "uint16_t", "uint32_t", 65535 }, { "uint32_t", "int64_t", 4294967295 }, { "float", "double", 0.25 },
    { "int32_t", "double", -2147483648 }, { "int16_t", "float", 32767 }, { "int64_t", "double", 9007199254740992 },
  } do
    it(("keeps values of %s in %s"):format(pair[1], pair[2]), function()
      local name, car = car_with({ pair[1] .. " x" }, { x = pair[3] })
      molt.trait(name, { pair[2] .. " x" })
      assert.equal(pair[3], tonumber(car.x))
    end)
  end

  for _, pair in ipairs {
    { "int16_t", "int8_t" }, { "double", "float" }, { "double", "int32_t" }, { "int8_t", "uint16_t" },
    { "uint32_t", "int32_t" }, { "bool", "int32_t" }, { "int8_t", "bool" },
  } do
    it(("refuses %s where %s was"):format(pair[2], pair[1]), function()
      local name, car = car_with { pair[1] .. " x", "double fuel = 4" }
      local err = refuses(function() molt.trait(name, { pair[2] .. " x", "double more" }) end,
        ("trait '%s' cannot change: field 'x' is %s and cannot become %s of %s"):format(name, pair[1], pair[2],
          molt.name(car)))
      assert.equal("declaration", err.code)
      assert.same({ 4, nil }, { car.fuel, car.more })
    end)
  end

  it("refuses a whole number that a double does not hold exactly", function()
    local name, car = car_with({ "int64_t x" }, { x = 9007199254740993LL })
    assert.has_error(function() molt.trait(name, { "double x" }) end)
    assert.equal(9007199254740993LL, car.x)
  end)

  it("takes any change when nothing lives", function()
    local name, _, Car = car_with { "double x" }
    helper.collect_all()
    _ = nil
    helper.collect_all()
    molt.trait(name, { "int8_t x = 3" })
    assert.equal(3, Car().x)
  end)

  it("gives new objects the new defaults, and leaves values alone", function()
    local name, car, Car = car_with { "double fuel = 10" }
    molt.trait(name, { "double fuel = 20" })
    assert.same({ 10, 20 }, { car.fuel, Car().fuel })
  end)

  it("says what was added, removed, widened and kept", function()
    local name, car = car_with { "double fuel", "int8_t gears", "double gone" }
    local heard
    local listener = molt.on("redefine", function(_, report) heard = report end)
    local _, report = molt.trait(name, { "double fuel", "int16_t gears", "double more" })
    listener:remove()
    assert.same({ { "more" }, { "gone" }, { "gears" }, { "fuel" }, 1 },
      { report.added, report.removed, report.widened, report.kept, report.instances })
    assert.equal(report, heard)
    assert.is_nil(car.gone)
  end)

  it("reaches objects that have it attached", function()
    local name = fresh "Heat"
    local Heat = molt.trait(name, { "float heat = 2" })
    local rock = molt.class(fresh "Rock")()
    molt.attach(rock, Heat, { heat = 3 })
    molt.trait(name, { "double heat", "double cold = 1" })
    assert.same({ 3, 1 }, { rock.heat, rock.cold })
    molt.detach(rock, Heat)
    assert.is_nil(rock.heat)
  end)

  it("reaches objects of extended classes", function()
    local name, _, Car = car_with { "double fuel = 1" }
    local van = molt.class(fresh "Van", { extends = Car, molt.trait(fresh "Load", { "double load = 5" }) })()
    van.fuel, van.load = 2, 6
    molt.trait(name, { "int32_t first = 9", "double fuel" })
    assert.same({ 9, 2, 6 }, { van.first, van.fuel, van.load })
  end)

  it("moves values between typed fields and Lua-valued ones", function()
    local name, car = car_with({ "double fuel", "any label" }, { fuel = 4, label = 5 })
    molt.trait(name, { "any fuel", "int8_t label" })
    assert.same({ 4, 5, 4, nil }, { car.fuel, car.label, rawget(car, "fuel"), rawget(car, "label") })
  end)

  it("takes up a raw value under the name of a new field, if it fits", function()
    local name, car = car_with { "double fuel" }
    car.speed = 7
    molt.trait(name, { "double fuel", "int8_t speed" })
    assert.equal(7, car.speed)
    car.note = "text"
    refuses(function() molt.trait(name, { "double fuel", "int8_t speed", "double note" }) end,
      ("trait '%s' cannot change: field 'note' takes a double, got string of %s"):format(name, molt.name(car)))
    assert.same({ 7, "text" }, { car.speed, car.note })
  end)

  it("takes Lua-valued fields away, but not those that another file added", function()
    local name, car, _, Tank = car_with({ "double fuel", "any driver" }, { driver = "Ada" })
    elsewhere("trait", name, { "double fuel", "any owner" })
    car.owner = "Bo"
    local _, report = molt.trait(name, { "double fuel" })
    assert.same({ "driver" }, report.removed)
    assert.same({ nil, "Bo" }, { car.driver, car.owner })
    assert.equal("any", molt.fields(Tank).owner.type)
  end)

  it("goes to and fro without end", function()
    local name, car = car_with({ "double fuel" }, { fuel = 3 })
    for i = 1, 30 do
      molt.trait(name, i % 2 == 1 and { "int32_t pad = 1", "double fuel" } or { "double fuel" })
      assert.equal(3, car.fuel)
      assert.equal(i % 2 == 1 and 1 or nil, car.pad)
    end
  end)
end)

describe("the methods of a trait declared again", function()
  it("that are typed come, go and change their signatures", function()
    local name, car = car_with { "double fuel = 3", "double range(double load)", "double gone()",
      range = function(self, load) return self.fuel * load end, gone = function() return 1 end }
    local _, report = molt.trait(name, { "double range(double load, double wind)", "double fuel", "double come()",
      range = function(self, load, wind) return self.fuel * load + wind end, come = function() return 2 end })
    assert.same({ 10, 2, nil }, { car:range(3, 1), car:come(), car.gone })
    assert.same({ { "range", "come" }, { "gone", "range" } }, { report.methods.added, report.methods.removed })
  end)

  it("that Lua alone knows vanish when the declaration no longer has them", function()
    local name, car, _, Tank = car_with { hi = function() return "hi" end, bye = function() return "bye" end }
    function Tank.stays() return "stays" end
    molt.trait(name, { hi = function() return "hello" end })
    assert.same({ "hello", nil, "stays" }, { car:hi(), car.bye, car:stays() })
    assert.is_nil(Tank.bye)
  end)

  it("without an implementation are refused, and nothing has changed", function()
    local name, car = car_with { "double fuel = 3", hi = function() return "hi" end }
    assert.has_error(function()
      molt.trait(name, { "double fuel", "double range()", "double more", hi = function() return "no" end })
    end)
    assert.same({ 3, nil, "hi" }, { car.fuel, car.more, car:hi() })
    assert.equal("hi", car:hi())
    molt.trait(name, { "double fuel", "double range()", "double more = 2", range = function() return 9 end })
    assert.same({ 3, 2, 9 }, { car.fuel, car.more, car:range() })
  end)

  it("that an object overrides stay overridden", function()
    local name, car = car_with { "double range()", range = function() return 1 end }
    local patch = molt.override(car, "range", function() return 100 end)
    molt.trait(name, { "double pad", "double other()", "double range()", range = function() return 2 end,
      other = function() return 3 end })
    assert.same({ 100, 3 }, { car:range(), car:other() })
    patch:remove()
    assert.equal(2, car:range())
  end)

  it("of an implementation stay, and so do the values that it starts with", function()
    local name = fresh "Tank"
    local Tank = molt.trait(name, { "int8_t fuel = 1", "double range()" })
    local big = molt.impl(Tank, { fuel = 100, range = function(self) return self.fuel * 2 end })
    local Car = molt.class(fresh "Car", { big })
    local car = Car()
    molt.trait(name, { "double pad", "double range()", "int16_t fuel = 1" })
    assert.same({ 200, 100 }, { car:range(), Car().fuel })
    big.range = function() return 7 end
    assert.equal(7, car:range())
  end)
end)

describe("views of a trait declared again", function()
  it("show the new fields", function()
    local name, car, _, Tank = car_with { "double fuel = 3", "double gone = 4" }
    local view = molt.as(car, Tank)
    molt.trait(name, { "double pad = 8", "double more = 5", "int8_t x = 1", "double fuel" })
    assert.same({ 3, 5, 8 }, { view.fuel, view.more, view.pad })
    view.fuel = 6
    assert.same({ 6, nil }, { car.fuel, view.gone })
    assert.equal(view, molt.as(car, Tank))
  end)

  it("are followed by compiled code", function()
    local name, car, _, Tank = car_with { "double fuel = 3" }
    local view = molt.as(car, Tank)
    local function sum()
      local s = 0
      for _ = 1, 300 do s = s + view.fuel + car.fuel end
      return s
    end
    assert.equal(1800, sum())
    molt.trait(name, { "double pad = 100", "double fuel" })
    assert.equal(1800, sum())
    view.fuel = 5
    assert.equal(3000, sum())
  end)
end)

describe("a method that was taken from a view before", function()
  it("calls what there is now", function()
    local name, car, _, Tank = car_with { "double fuel = 3", "double range()", range = function(self) return self.fuel end }
    local range = molt.as(car, Tank).range
    assert.equal(3, range(car))
    molt.trait(name, { "double pad", "double other()", "double range()", "double fuel",
      range = function(self) return self.fuel * 2 end, other = function() return 0 end })
    assert.same({ 6, 6 }, { range(car), range(molt.as(car, Tank)) })
  end)
end)

describe("a declaration in another file", function()
  it("that is unequal is refused, with both places", function()
    local name = car_with { "double fuel" }
    local ok, err = pcall(elsewhere, "trait", name, { "float fuel" })
    assert.is_false(ok)
    assert.matches("declared unequally: at tests/lua/evolution_spec.lua:%d+ it has 'double fuel' where "
      .. "elsewhere.lua:1 has 'float fuel'", err.message)
  end)

  it("redefines when it says so", function()
    local name, car = car_with({ "float fuel" }, { fuel = 2 })
    elsewhere("trait", name, { "double more = 1", "double fuel", redefine = true })
    assert.same({ 2, 1 }, { car.fuel, car.more })
  end)

  it("of a class redefines when it says so", function()
    local A, B = molt.trait(fresh "A", { "double a = 1" }), molt.trait(fresh "B", { "double b = 2" })
    local name = fresh "Car"
    local car = molt.class(name, { A })()
    assert.is_false((pcall(elsewhere, "class", name, { B })))
    elsewhere("class", name, { B, redefine = true })
    assert.same({ nil, 2 }, { car.a, car.b })
  end)
end)

describe("a trait that native code declares", function()
  it("is not for Lua to change, and the error names both places", function()
    local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge.so"))
    local Gauge = molt.traits_of(molt.class(fresh "Car", { gauge.Gauge }))[1]
    local ok, err = pcall(molt.trait, molt.name(Gauge), { "double other", redefine = true })
    assert.is_false(ok)
    assert.equal("declaration", err.code)
    assert.matches("declared unequally: at .*gauge.c:%d+ it has .* where tests/lua/evolution_spec.lua:%d+ has", err.message)
    assert.matches("native code declares it at", err.hint)
  end)
end)

describe("migrate", function()
  it("receives what was removed or changed, and writes the object to be", function()
    local name, car = car_with({ "double celsius", "int16_t gears", "double fuel" }, { celsius = 20, gears = 4, fuel = 1 })
    molt.trait(name, { "double kelvin", "int8_t gears", "double fuel", migrate = function(self, old)
      assert.same({ celsius = 20, gears = 4 }, old)
      self.kelvin = old.celsius + 273
      self.gears = math.min(old.gears, 3)
      self.note = "migrated at " .. self.fuel
    end })
    assert.same({ 293, 3, 1, "migrated at 1" }, { car.kelvin, car.gears, car.fuel, car.note })
  end)

  it("that fails on one object leaves all as they were", function()
    local name, one, Car = car_with({ "double fuel", "any label" }, { fuel = 1, label = "a" })
    local two = Car { fuel = 2, label = "b" }
    assert.has_error(function()
      molt.trait(name, { "double fuel", "double more", migrate = function(self, old)
        self.fuel, self.extra = 9, old.label
        if old.label == "b" then error "no" end
      end })
    end)
    assert.same({ 1, "a", nil, nil }, { one.fuel, one.label, rawget(one, "extra"), one.more })
    assert.same({ 2, "b", nil }, { two.fuel, two.label, rawget(two, "extra") })
  end)

  it("loses no write to another object", function()
    local name, one, Car = car_with({ "double fuel" }, { fuel = 1 })
    local two = Car { fuel = 2 }
    molt.trait(name, { "double pad", "double fuel", migrate = function() two.fuel = two.fuel + 10 end })
    assert.same({ 1, 22 }, { one.fuel, two.fuel })
  end)

  it("may not use verbs", function()
    local name, car, Car, Tank = car_with { "double fuel" }
    local tried = {}
    local verbs = {
      attach = function() molt.attach(car, Tank) end, count = function() molt.count(Car) end,
      each = function() molt.each(Car) end, class = function() molt.class(fresh "X") end,
      trait = function() molt.trait(fresh "X") end, make = function() return Car() end,
      destroy = function() molt.destroy(car) end, override = function() molt.override(car, "x", print) end,
      define = function() function Car.x() end end, tick = function() molt.tick() end,
      become = function() molt.become(car, Car) end, dump = function() molt.dump(car) end,
    }
    molt.trait(name, { "double fuel", "double more", migrate = function()
      for verb, fn in pairs(verbs) do
        local ok, err = pcall(fn)
        tried[verb] = not ok and err.message
      end
    end })
    for verb in pairs(verbs) do assert.equal("molt's verbs cannot be used inside of migrate", tried[verb], verb) end
    assert.is_true(molt.alive(car))
    assert.equal(1, molt.count(Car))
  end)

  describe("that yields", function()
    local name, car, Car, Other

    before_each(function()
      name, car, Car = car_with({ "double fuel" }, { fuel = 2 })
      Other = molt.class(fresh "Other", {})
    end)

    -- The verb, in a coroutine that nobody resumes.
    local function refused_in_coroutine(verb, meanwhile)
      local ok, err = coroutine.resume(coroutine.create(function() verb(function() coroutine.yield() end) end))
      assert.is_false(ok, "it yielded")
      assert.same({ "yield", meanwhile }, { err.code, err.hint })
      assert.matches("^migrate failed for .+: tests/lua/evolution_spec.lua:%d+: migrate tried to yield$", err.message)
      assert.same({ 2, Car }, { car.fuel, molt.class_of(car) })
      assert.equal(3, Car { fuel = 3 }.fuel)          -- verbs go on
      molt.tick()
    end

    it("is refused by a trait", function()
      refused_in_coroutine(function(migrate)
        molt.trait(name, { "int8_t fuel", redefine = true, migrate = migrate })
      end, "nothing has changed")
    end)

    it("is refused by a class", function()
      refused_in_coroutine(function(migrate)
        molt.class(molt.name(Car), { redefine = true, migrate = migrate })
      end, "nothing has changed")
    end)

    it("is refused by become", function()
      refused_in_coroutine(function(migrate) molt.become(car, Other, migrate) end, "nothing has changed")
    end)

    it("is refused by build", function()
      local dump = molt.dump(car)
      dump.shapes[1].types.fuel, dump.objects[1].fields.fuel = "string", "a"
      local count = molt.count(Car)
      refused_in_coroutine(function(migrate) molt.build(dump, migrate) end, "nothing was built")
      helper.collect_all()
      assert.equal(count, molt.count(Car))
    end)

    it("is refused outside of coroutines, too", function()
      local ok, err = pcall(molt.become, car, Other, coroutine.yield)
      assert.is_false(ok)
      assert.equal("yield", err.code)
      assert.equal(Car, molt.class_of(car))
    end)
  end)

  it("may run coroutines of its own", function()
    local name, car = car_with({ "double fuel" }, { fuel = 2 })
    molt.trait(name, { "float fuel", migrate = function(self, old)
      for x in coroutine.wrap(function() coroutine.yield(old.fuel + 1) end) do self.fuel = x end
    end })
    assert.equal(3, car.fuel)
  end)

  it("refuses what a field cannot hold, on the line that wrote it", function()
    local name, car = car_with { "double fuel = 2" }
    local ok, err = pcall(molt.trait, name, { "double fuel", "int8_t gears", migrate = function(self) self.gears = 300 end })
    assert.is_false(ok)
    assert.matches("migrate failed for .*number 300 is out of range for int8_t field 'gears'", err.message)
    assert.same({ 2, nil }, { car.fuel, car.gears })
  end)

  it("has a draft with fields, not methods", function()
    local name, car = car_with { "double fuel", range = function() end }
    local ok, err = pcall(molt.trait, name, { "double fuel", "double more", range = function() end,
      migrate = function(self) self:range() end })
    assert.is_false(ok)
    assert.matches("a draft, which has fields only; 'range' is a method", err.message)
    assert.is_nil(car.more)
  end)
end)

describe("a class declared again in its file", function()
  it("gains and loses traits under its live objects", function()
    local A, B = molt.trait(fresh "A", { "double a = 1", "any who" }), molt.trait(fresh "B", { "float b = 2" })
    local name = fresh "Car"
    local Car = molt.class(name, { A })
    local car = Car { who = "w" }
    local view = molt.as(car, A)
    local same, report = molt.class(name, { B })
    assert.equal(Car, same)
    assert.same({ nil, nil, 2 }, { car.a, car.who, car.b })
    assert.same({ { molt.name(B) }, { molt.name(A) }, { "a", "who" } },
      { report.traits.added, report.traits.removed, report.removed })
    assert.is_false(molt.alive(view))
  end)

  it("keeps what molt.use has added", function()
    local A, B = molt.trait(fresh "A", { "double a = 1" }), molt.trait(fresh "B", { "double b = 2" })
    local name = fresh "Car"
    local Car = molt.class(name, { A })
    local car = Car()
    molt.use(Car, B)
    molt.class(name, { A, hi = function() return "hi" end })
    assert.same({ 2, "hi" }, { car.b, car:hi() })
  end)

  it("keeps a value whose name and type another trait has", function()
    local A, B = molt.trait(fresh "A", { "int8_t x" }), molt.trait(fresh "B", { "double pad", "int16_t x" })
    local name = fresh "Car"
    local car = molt.class(name, { A }) { x = 5 }
    molt.class(name, { B })
    assert.equal(5, car.x)
  end)

  it("loses the methods that its declaration no longer has", function()
    local name = fresh "Car"
    local function declare(spec) return molt.class(name, spec) end
    local Car = declare { one = function() return 1 end, two = function() return 2 end }
    function Car.three() return 3 end
    local car = Car()
    declare { two = function() return 22 end }
    assert.same({ nil, 22, 3 }, { car.one, car:two(), car:three() })
  end)

  it("takes another base, and extended classes follow", function()
    local A, B = molt.trait(fresh "A", { "double a = 1" }), molt.trait(fresh "B", { "double b = 2" })
    local One = molt.class(fresh "One", { A, hi = function() return 1 end })
    local Two = molt.class(fresh "Two", { B, hi = function() return 2 end })
    local name = fresh "Car"
    local function declare(base) return molt.class(name, { extends = base }) end
    local Car = declare(One)
    local car, van = Car(), molt.class(fresh "Van", { extends = Car })()
    assert.same({ 2, 0 }, { molt.count(One), molt.count(Two) })
    declare(Two)
    assert.same({ nil, 2, 2, 2, 2 }, { car.a, car.b, car:hi(), van.b, van:hi() })
    assert.same({ false, true, 0, 2 }, { molt.is(car, One), molt.is(van, Two), molt.count(One), molt.count(Two) })
  end)

  it("keeps what it used before its base did", function()
    local T = molt.trait(fresh "T", { "double heat = 3" })
    local Base, name = molt.class(fresh "Base", {}), fresh "Sub"
    local Sub = molt.class(name, { extends = Base })
    local o = Sub()
    molt.use(Sub, T)
    molt.use(Base, T)
    molt.class(name, { extends = Base })
    molt.drop(Base, T)
    assert.equal(3, o.heat)
    molt.drop(Sub, T)
    assert.is_nil(o.heat)
  end)

  it("cannot extend what extends it", function()
    local name = fresh "Car"
    local function declare(spec) return molt.class(name, spec) end
    local Car = declare {}
    local Van = molt.class(fresh "Van", { extends = Car })
    local ok, err = pcall(declare, { extends = Van })
    assert.is_false(ok)
    assert.matches("cannot extend '" .. molt.name(Van), err.message)
  end)

  it("that would be incomplete is refused, and stays as it was", function()
    local A = molt.trait(fresh "A", { "double a = 1", "double need()" })
    local name = fresh "Car"
    local function declare(spec) return molt.class(name, spec) end
    local car = declare { old = function() return "old" end } ()
    assert.has_error(function() declare { A, new = function() end } end)
    assert.same({ "old", nil, nil }, { car:old(), car.new, car.a })
    declare { A, need = function() return 4 end }
    assert.same({ 4, 1 }, { car:need(), car.a })
  end)
end)

describe("an object that becomes one of another class", function()
  it("loses the patches of names that are no methods of that class", function()
    local One, Two = molt.class(fresh "One", { hum = function() return "one" end }), molt.class(fresh "Two", {})
    local o = One()
    molt.override(o, "hum", function() return "patched" end)
    molt.become(o, Two)
    assert.is_nil(o.hum)
    molt.become(o, One)
    assert.equal("one", o:hum())
  end)

  it("gives back what a trait of that class took over, when the class drops it", function()
    local Tank = molt.trait(fresh "Tank", { "double fuel = 1" })
    local One, Two = molt.class(fresh "One", {}), molt.class(fresh "Two", { Tank })
    local o = One()
    o.fuel = 306
    molt.become(o, Two)
    o.fuel = 307
    molt.drop(Two, Tank)
    assert.equal(307, o.fuel)
  end)

  local A = molt.trait("BecomeA", { "double x = 1", "any who" })
  local B = molt.trait("BecomeB", { "float y = 2", "double x = 3" })
  local Heat = molt.trait("BecomeHeat", { "double heat = 4" })
  local One = molt.class("BecomeOne", { A, hi = function() return "one" end })
  local Two = molt.class("BecomeTwo", { B, init = function() error "not run" end, hi = function() return "two" end })

  it("keeps its identity, the values that fit and what is attached", function()
    local o = One { x = 7, who = "w" }
    local key = { [o] = true }
    molt.attach(o, Heat, { heat = 9 })
    local same, report = molt.become(o, Two)
    assert.equal(o, same)
    assert.is_true(key[o])
    assert.same({ 7, 2, 9, nil, "two" }, { o.x, o.y, o.heat, o.who, o:hi() })
    assert.same({ "who" }, report.removed)
    assert.equal(Two, molt.class_of(o))
  end)

  it("counts as one of its new class", function()
    local before = { molt.count(One), molt.count(Two) }
    local o = One()
    molt.become(o, Two)
    assert.same({ before[1], before[2] + 1 }, { molt.count(One), molt.count(Two) })
    molt.destroy(o)
  end)

  it("may be migrated", function()
    local o = One { x = 7, who = "w" }
    molt.become(o, Two, function(self, old) self.y, self.name = 5, old.who end)
    assert.same({ 7, 5, "w" }, { o.x, o.y, o.name })
  end)

  it("stays what it was when migrate fails", function()
    local o = One { x = 7, who = "w" }
    assert.has_error(function() molt.become(o, Two, function(self) self.z = 1 error "no" end) end)
    assert.same({ One, "w", nil, 7 }, { molt.class_of(o), o.who, o.z, o.x })
  end)

  it("is refused when a value does not fit", function()
    local Small = molt.class(fresh "Small", { molt.trait(fresh "Small", { "int8_t x" }) })
    local o = One { x = 7 }
    refuses(function() molt.become(o, Small) end,
      ("%s cannot change: field 'x' is double and cannot become int8_t of %s"):format(molt.name(o), molt.name(o)))
    assert.equal(One, molt.class_of(o))
  end)

  it("is an object and a class, or the error says what it is instead", function()
    refuses(function() molt.become({}, One) end, "bad argument #1 to 'become' (object expected, got table)")
    refuses(function() molt.become(One(), A) end, "bad argument #2 to 'become' (class expected, got trait)")
    refuses(function() molt.become(One(), Two, 5) end, "bad argument #3 to 'become' (function expected, got number)")
  end)
end)
