-- A module that is reloaded with other fields: live objects come along, all or none.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh
local folder = os.tmpname() .. ".d/"

local function execute(command)
  assert(os.execute(("{ %s; } >/dev/null 2>&1"):format(command)) == 0, command)
end

local builds = {
  first = [[FIELD(double, fuel, 10) FIELD(int8_t, gears, 4) FIELD(molt_string, label, MOLT_TEXT("none"))
    METHOD(double, range, (double load)) METHOD(int32_t, which, ())]],
  wider = [[FIELD(molt_string, label, MOLT_TEXT("none")) FIELD(int16_t, gears, 4) FIELD(double, more, 500) FIELD(double, fuel, 10)
    METHOD(int32_t, which, ()) METHOD(double, extra, ()) METHOD(double, range, (double load))]],
  longer = [[FIELD(int8_t, gears, 4) FIELD(double, more, 500) FIELD(double, fuel, 10) FIELD(molt_string, label, MOLT_TEXT("none"))
    METHOD(int32_t, which, ()) METHOD(double, range, (double load))]],
  narrower = [[FIELD(int8_t, fuel, 10) FIELD(int8_t, gears, 4) METHOD(double, range, (double load)) METHOD(int32_t, which, ())]],
}

local source = [[
#include <molt/native.h>
#define LIST(FIELD, METHOD) %s
MOLT_TRAIT(%s, LIST)
static double range(%s *self, double load) { return self->fuel * %d / (1 + load); }
static int32_t which(%s *self) { (void)self; return %d; }
%s
MOLT_MODULE(%s, "1.0.0")
{
    %s
    MOLT_IMPL(%s, .range = range, .which = which %s);
    return MOLT_OK;
}
]]

local count = 0

-- A module of its own for each test: put(which, number, code, setup, more) builds it anew.
local function new_module()
  count = count + 1
  local name, trait = "evolving" .. count, "Evolving" .. count
  local file = folder .. name
  local function put(which, number, code, setup, more)
    local out = assert(io.open(file .. ".c", "w"))
    out:write(source:format((builds[which]:gsub("\n", " ")), trait, trait, number, trait, number, (code or ""):gsub("TRAIT", trait), name,
      (setup or ""):gsub("TRAIT", trait), trait, more or ""))
    out:close()
    execute(("'%s/molt' build '%s.c'"):format(helper.source_dir, file))
  end
  put("first", 1)
  local module = assert(molt.load(file))
  return put, module, trait, molt.find(trait)
end

local migrate = [[static int grow(TRAIT *self, const molt_former *was)
{
    molt_value fuel;
    if (molt_former_get(was, "fuel", &fuel)) return MOLT_ERR_UNKNOWN;
    if (fuel.as.f64 == 666) return MOLT_ERR_RANGE;
    self->fuel = (int8_t)(fuel.as.f64 / 2);
    return MOLT_OK;
}]]

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

describe("a module that is reloaded with other fields", function()
  it("brings live objects, their classes, views and attachments along", function()
    local put, module, trait, Trait = new_module()
    local Car = molt.class(fresh "Car", { module[trait] })
    local car, rock = Car { fuel = 40, gears = 5, label = "a text of some length" }, molt.class(fresh "Rock")()
    molt.attach(rock, module[trait], { fuel = 7 })
    local v = molt.as(car, Trait)
    local range = car.range
    assert.same({ 40, 1 }, { car:range(0), car:which() })
    put("wider", 2, "static double extra(TRAIT *self) { return self->more; }", nil, ", .extra = extra")
    local report = assert(module:reload())
    assert.equal(2, report.instances)
    assert.same({ 80, 2, 500, 500 }, { car:range(0), car:which(), car:extra(), car.more })
    assert.same({ 40, 5, "a text of some length" }, { car.fuel, car.gears, car.label })
    assert.same({ 14, 7, 80, 500 }, { rock:range(0), rock.fuel, range(car, 0), v.more })
    v.more = 3
    assert.same({ 3, 500 }, { car:extra(), Car():extra() })
    assert.equal(Trait, molt.find(trait))
    assert.is_true(molt.is(car, Trait))
    molt.detach(rock, Trait)
    assert.is_nil(rock.fuel)
  end)

  it("goes back by a rollback", function()
    local put, module, trait = new_module()
    local car = molt.class(fresh "Car", { module[trait] }) { fuel = 40 }
    put("wider", 2)
    assert.is_nil((module:reload()))         -- what extra is to be nobody says
    assert.same({ 40, nil }, { car:range(0), car.more })
    put("longer", 2)
    assert(module:reload())
    assert.same({ 80, 500 }, { car:range(0), car.more })
    car.fuel = 50
    assert(module:rollback())
    assert.same({ 50, nil, 1 }, { car:range(0), car.more, car:which() })
  end)

  it("is refused, with every reason, when values have nowhere to go", function()
    local put, module, trait = new_module()
    local car = molt.class(fresh "Car", { module[trait] }) { fuel = 40 }
    put("narrower", 2)
    local ok, err = module:reload()
    assert.is_nil(ok)
    assert.equal("declaration", err.code)
    assert.matches("field 'fuel' of " .. trait .. " cannot become 'int8_t' .*in live objects it is 'double'", err.message)
    assert.same({ 40, 1, "none" }, { car:range(0), car:which(), car.label })
    molt.destroy(car)
    assert(module:reload())
  end)

  it("says itself what becomes of values", function()
    local put, module, trait = new_module()
    local Car = molt.class(fresh "Car", { module[trait] })
    local list = {}
    for i = 1, 1000 do list[i] = Car { fuel = i == 500 and 666 or 40 } end
    put("narrower", 2, migrate, "MOLT_MIGRATE(TRAIT, grow);")
    local ok, err = module:reload()
    assert.is_nil(ok)
    assert.matches("migrate failed for " .. molt.name(list[500]), err.message)
    for i = 1, 1000 do assert.same({ i == 500 and 666 or 40, 1 }, { list[i].fuel, list[i]:which() }) end
    list[500].fuel = 60
    assert.equal(1000, assert(module:reload()).instances)
    for i = 1, 1000 do assert.equal(i == 500 and 30 or 20, list[i].fuel) end
  end)

  it("has a tombstone for a method that it still declares", function()
    local put, module, trait = new_module()
    local car = molt.class(fresh "Car", { module[trait] }) { fuel = 40 }
    builds.bare = "FIELD(int64_t, more, 7) FIELD(double, fuel, 10) METHOD(int32_t, which, ()) METHOD(double, range, (double load))"
    put("bare", 2, nil, "(void)which; MOLT_IMPL(TRAIT, .range = range); if (1) return MOLT_OK;")
    local report = assert(module:reload { tombstones = true })
    assert.same({ trait .. ".which" }, report.methods.tombstones)
    assert.same({ 80, 7 }, { car:range(0), car.more })
    assert.matches("is gone since generation 2", select(2, pcall(car.which, car)).message)
  end)

  it("writes what C assigns; strings follow by name, and Lua gives them other values", function()
    local put, module, trait = new_module()
    local Car = molt.class(fresh "Car", { module[trait] })
    local car, other = Car { fuel = 40, label = "mine" }, Car()
    builds.pointing = ([[FIELD(molt_string, label, MOLT_TEXT("none")) FIELD(molt_string, title, MOLT_TEXT("new"))
      FIELD(float, size[2], {0}) FIELD(MOLT_REF(%s), twin, {0}) FIELD(MOLT_PRIVATE int32_t, hidden, 0) FIELD(double, fuel, 10)
      METHOD(double, range, (double load)) METHOD(int32_t, which, ())]]):format(trait)
    local grow = [[static int grow(TRAIT *self, const molt_former *was)
{
    (void)was;
    self->size[1] = 5;
    self->hidden = 6;
    self->twin = molt_object_ref(molt_object_of(self));
    %s
    return MOLT_OK;
}]]
    local set_title = [[const molt_string text = MOLT_TEXT("set");
    int err = molt_field_set(self, "title", (molt_value){ .kind = MOLT_STRING, .as.string = &text });
    if (err) return err;]]
    put("pointing", 2, grow:format(set_title), "MOLT_MIGRATE(TRAIT, grow);")
    local ok, err = module:reload()
    assert.is_nil(ok)
    assert.matches("molt_field_set cannot be used inside of migrate", err.message)
    assert.same({ "mine", 4 }, { car.label, car.gears })
    put("pointing", 2, grow:format(""), "MOLT_MIGRATE(TRAIT, grow);")
    assert(module:reload())
    assert.same({ "mine", "new", 5, 6 }, { car.label, car.title, car.size[2], molt.as(car, module[trait]).hidden })
    assert.equal(other, other.twin)
    molt.become(car, molt.class(fresh "Van", { module[trait] }), function(self) self.title = "given by Lua" end)
    assert.same({ "mine", "given by Lua" }, { car.label, car.title })
  end)

  it("cannot use molt's verbs while it does so", function()
    local put, module, trait = new_module()
    local Car = molt.class(fresh "Car", { module[trait] })
    local car, other = Car { fuel = 40 }, Car { fuel = 5 }
    local verbs = {
      object_new = 'molt_object_new(world, cls) ? 0 : 1',
      object_destroy = 'molt_object_destroy(other)',
      object_retain = 'molt_object_retain(other)',
      object_release = 'molt_object_release(other)',
      object_get = 'molt_object_get(other, "fuel", &value)',
      object_set = 'molt_object_set(other, "fuel", value)',
      object_call = 'molt_object_call(other, "which", NULL, 0, NULL)',
      class_find = 'molt_class_find(world, "x") ? 0 : 1',
      as = 'molt_as(other, TRAIT) ? 0 : 1',
      field_set = 'molt_field_set(self, "fuel", value)',
    }
    local calls, names = {}, {}
    for name, call in pairs(verbs) do
      names[#names + 1] = name
      calls[#calls + 1] = ('if (!(%s) || !strstr(molt_last_error(world), "inside of migrate")) return molt_told(world, "%s");')
        :format(call, name)
    end
    put("wider", 2, ([[
#include <string.h>
static double extra(TRAIT *self) { return self->more; }
static int molt_told(molt_world *world, const char *name) { molt_log(world, MOLT_LOG_ERROR, "%%s works", name); return MOLT_ERR_MODULE; }
static int grow(TRAIT *self, const molt_former *was)
{
    molt_object *other = molt_object_of(self);
    molt_world *world = molt_object_world(other);
    molt_class *cls = (molt_class *)(void *)other;
    molt_value value;
    (void)cls;
    if (molt_former_get(was, "fuel", &value)) return MOLT_ERR_UNKNOWN;
    %s
    self->more = %d;
    return MOLT_OK;
}]]):format(table.concat(calls, "\n    "), #names), "MOLT_MIGRATE(TRAIT, grow);", ", .extra = extra")
    assert(module:reload())
    assert.same({ #names, 40, #names, 5 }, { car.more, car.fuel, other.more, other.fuel })
    assert.equal(2, molt.count(Car))
  end)

  it("calls its own methods, but none of Lua's, while it does so", function()
    local put, module, trait = new_module()
    local Car = molt.class(fresh "Car", { module[trait] })
    local car, called = Car { fuel = 40 }, 0
    local source_of_migrate = [[
static double extra(TRAIT *self) { return self->more; }
static int grow(TRAIT *self, const molt_former *was)
{
    (void)was;
    self->more = molt_call(self, which) * 100;
    return MOLT_OK;
}]]
    put("wider", 2, source_of_migrate, "MOLT_MIGRATE(TRAIT, grow);", ", .extra = extra")
    function Car:which() called = called + 1 return self.gears end
    local ok, err = module:reload()
    assert.is_nil(ok)
    assert.matches("method '" .. trait .. ".which' is filled by Lua and cannot be called inside of migrate", err.message)
    assert.same({ 0, 40, nil }, { called, car.fuel, car.more })
    Car.which = nil
    assert(module:reload())
    assert.same({ 200, 2 }, { car.more, car:which() })
  end)

  it("is refused for a trait that Lua declares, too", function()
    local name = "Evolving" .. count + 1
    molt.trait(name, { "double fuel = 10", "int8_t gears = 4", "string label = \"none\"", "double range(double load)",
      "int32_t which()" })
    local put, module, trait = new_module()
    put("wider", 2, "static double extra(TRAIT *self) { return self->more; }",
      "MOLT_IMPL(TRAIT, .extra = extra); MOLT_IMPL_NAMED(Second, TRAIT, .which = which);")
    local ok, err = module:reload()
    assert.is_nil(ok)
    assert.equal(1, #err.reasons)            -- of all three lines
    assert.matches("is declared unequally", err.reasons[1].message)
    assert.is_nil(molt.fields(molt.find(trait)).more)
  end)

  it("leaves Lua's own declarations and overrides in force", function()
    local put, module, trait, Trait = new_module()
    local Car = molt.class(fresh "Car", { module[trait] })
    local car = Car { fuel = 4 }
    function Trait.describe(self) return "fuel " .. self.fuel end
    car.which = function() return 99 end
    put("wider", 2, "static double extra(TRAIT *self) { return molt_call(self, which); }", nil, ", .extra = extra")
    assert(module:reload())
    assert.same({ "fuel 4", 99, 99 }, { car:describe(), car:which(), car:extra() })
    molt.restore(car)
    assert.same({ 2, 2 }, { car:which(), car:extra() })
  end)
end)

describe("what gives live objects other bodies, asked for under their native methods,", function()
  -- Calls `act` beneath a native method of the module; the error that it raised, if any.
  local function beneath(Car, car, act)
    function Car:extra() act() return 0 end
    assert.equal(0, car:relay())
    function Car:extra() return 0 end
  end

  local function new_car(piece)
    local Car = molt.class(fresh "Car", { piece })
    function Car:extra() return 0 end
    return Car, Car { fuel = 40 }
  end

  local relaying = {
    first = builds.first .. " METHOD(double, extra, ()) METHOD(double, relay, ())",
    longer = builds.longer .. " METHOD(double, extra, ()) METHOD(double, relay, ())",
    narrower = builds.narrower .. " METHOD(double, extra, ()) METHOD(double, relay, ())",
  }

  local function new_relaying()
    for which, text in pairs(relaying) do builds["relaying_" .. which] = text end
    local put, module, trait = new_module()
    assert(module:unload())
    local code = "static double relay(TRAIT *self) { return molt_call(self, extra); }"
    put("relaying_first", 1, code, nil, ", .relay = relay")
    assert(molt.load(module.file))
    return function(which, number) put(which, number, code, nil, ", .relay = relay") end, module, trait
  end

  local function hear(name)
    local told = {}
    local handle = molt.on(name, function(who, what) told[#told + 1] = { who, what } end)
    return told, handle
  end

  it("a reload waits for the next tick, which tells", function()
    local put, module, trait = new_relaying()
    local Car, car = new_car(module[trait])
    local report = nil
    local from = module.generation
    put("relaying_longer", 2)
    beneath(Car, car, function()
      report = assert(module:reload())
      assert.same({ 40, 40, nil }, { car.fuel, car:range(0), car.more })
      assert.matches("g" .. from .. "  deferred", tostring(report))
    end)
    assert.same({ true, from, "none", 0 }, { report.deferred, report.to, report.image, report.instances })
    assert.same({ 40, nil, from }, { car:range(0), car.more, module.generation })
    local told, handle = hear "reload"
    molt.tick()
    molt.tick()
    handle.remove()
    assert.same({ 1, module, 1, from + 1 }, { #told, told[1][1], told[1][2].instances, told[1][2].to })
    assert.same({ 80, 500, 2 }, { car:range(0), car.more, car:which() })
  end)

  it("a rollback waits, too", function()
    local put, module, trait = new_relaying()
    local Car, car = new_car(module[trait])
    local report = nil
    put("relaying_longer", 2)
    assert(module:reload())
    beneath(Car, car, function() report = assert(module:rollback()) end)
    assert.is_true(report.deferred)
    assert.same({ 80, 500 }, { car:range(0), car.more })
    local told, handle = hear "rollback"
    molt.tick()
    handle.remove()
    assert.equal(1, #told)
    assert.same({ 40, nil, 1 }, { car:range(0), car.more, car:which() })
  end)

  it("a batch waits as a whole", function()
    local put, module, trait = new_relaying()
    local other_put, other = new_module()
    local Car, car = new_car(module[trait])
    local reports = nil
    local before = other.generation
    put("relaying_longer", 2)
    other_put("first", 3)
    beneath(Car, car, function() reports = assert(molt.reload { module, other }) end)
    assert.same({ true, true, before }, { reports[1].deferred, reports[2].deferred, other.generation })
    molt.tick()
    assert.same({ 80, before + 1 }, { car:range(0), other.generation })
  end)

  it("an unload that detaches waits, and says so", function()
    local _, module, trait, Trait = new_relaying()
    Trait = Trait or molt.find(trait)
    local Car, car = new_car(module[trait])
    local done, what = nil, nil
    beneath(Car, car, function() done, what = module:unload { detach = true } end)
    assert.same({ true, { deferred = true }, false }, { done, what, module.unloaded })
    assert.equal(40, car:range(0))
    local told, handle = hear "unload"
    molt.tick()
    handle.remove()
    assert.same({ true, 1 }, { module.unloaded, #told })
    assert.is_false(molt.is(car, Trait))
  end)

  it("is refused at once where it can never be", function()
    local put, module, trait = new_relaying()
    local Car, car = new_car(module[trait])
    local ok, err = nil, nil
    put("relaying_narrower", 2)
    beneath(Car, car, function() ok, err = module:reload() end)
    assert.is_nil(ok)
    assert.matches("cannot become", err.message)
  end)

  it("is done, and the tick with it, though listeners raise", function()
    local put, module, trait = new_relaying()
    local other_put, other = new_relaying()
    local Car, car = new_car(module[trait])
    local heard = {}
    local listener = molt.on("reload", function(which)
      heard[#heard + 1] = which
      error("no " .. #heard, 0)
    end)
    local ticks, ticking = hear "tick"
    put("relaying_longer", 2)
    other_put("relaying_longer", 2)
    beneath(Car, car, function() assert(molt.reload { module, other }) end)
    local ok, err = pcall(molt.tick)
    listener.remove()
    ticking.remove()
    assert.same({ false, "no 1", 1 }, { ok, err, #ticks })
    assert.same({ module, other }, heard)
    assert.same({ 80, 500 }, { car:range(0), car.more })
  end)

  it("goes on to the next that waits, though a listener raises", function()
    local put, module, trait = new_relaying()
    local other_put, other = new_relaying()
    local Car, car = new_car(module[trait])
    local before = other.generation
    local listener = molt.on("reload", function() error("no", 0) end)
    put("relaying_longer", 2)
    other_put("relaying_longer", 2)
    beneath(Car, car, function()
      assert.is_true(module:reload().deferred)
      assert.is_true(molt.reload({ module, other })[2].deferred)
    end)
    local ok, err = pcall(molt.tick)
    listener.remove()
    assert.same({ false, "no", before + 1, 500 }, { ok, err, other.generation, car.more })
  end)

  it("leaves what its listeners ask for to the tick after", function()
    local put, module, trait = new_relaying()
    local Car, car = new_car(module[trait])
    local times = 0
    local function ask(which)
      put(which, times)
      beneath(Car, car, function() assert.is_true(assert(module:reload()).deferred) end)
    end
    local handle = molt.on("reload", function()
      times = times + 1
      ask(times % 2 == 0 and "relaying_longer" or "relaying_first")
    end)
    ask "relaying_longer"
    molt.tick()
    assert.equal(1, times)
    molt.tick()
    assert.equal(2, times)
    handle.remove()
    molt.tick()
    assert.equal(500, car.more)
  end)
end)
