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

  it("is refused for a trait that Lua declares, too", function()
    local name = "Evolving" .. count + 1
    molt.trait(name, { "double fuel = 10", "int8_t gears = 4", "string label = \"none\"", "double range(double load)",
      "int32_t which()" })
    local put, module, trait = new_module()
    put("wider", 2, "static double extra(TRAIT *self) { return self->more; }", nil, ", .extra = extra")
    local ok, err = module:reload()
    assert.is_nil(ok)
    assert.matches("is declared unequally", err.message)
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
