-- module:unload { detach = true }: all that uses the module loses it, or nothing does.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh, hear = helper.fresh, helper.hear
local folder = os.tmpname() .. ".d/"

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

local source = [[
#include <molt/native.h>
#define FIRST(FIELD, METHOD) FIELD(double, level, 1) METHOD(double, answer, ())
#define SECOND(FIELD, METHOD) METHOD(double, relay, ())
MOLT_TRAIT(A_NAME, FIRST)
MOLT_TRAIT(B_NAME, SECOND)
static double answer(A_NAME *self) { return self->level; }
static double relay(B_NAME *self)
{
    molt_value result = { 0 };
    molt_object_call(molt_object_of(self), "more", NULL, 0, &result);
    return result.as.f64;
}
MOLT_MODULE(NAME, "1.0.0")
{
    MOLT_IMPL(A_NAME, .answer = answer);
    MOLT_IMPL_NAMED(C_NAME, A_NAME, .answer = answer);
    MOLT_IMPL(B_NAME, .relay = relay);
    return MOLT_OK;
}
]]

-- The module, its implementations A, B and C (of A's trait), and the traits of A and B.
local function new_module(kind)
  local name = fresh(kind)
  local file = assert(io.open(folder .. name .. ".c", "w"))
  file:write((source:gsub("NAME%f[%W]", name)))
  file:close()
  assert(os.execute(("'%s/molt' build '%s%s.c' >/dev/null 2>&1"):format(helper.source_dir, folder, name)) == 0, "cannot build")
  local module = assert(molt.load(folder .. name))
  return module, { A = module["A_" .. name], B = module["B_" .. name], C = module["C_" .. name] },
    molt.find("A_" .. name), molt.find("B_" .. name)
end

describe("module:unload { detach = true }", function()
  it("goes through whole where hooks raise, then raises the first", function()
    local module, impls, A, B = new_module "whole"
    local Plain, Car = molt.class(fresh "Plain", {}), molt.class(fresh "Car", { impls.A, impls.B })
    local list, ran = { Plain(), Plain(), Car(), Car() }, 0
    for i = 1, 2 do molt.attach(list[i], { impls.A, impls.B }) end
    local function fail() ran = ran + 1 error("no " .. ran, 0) end
    A.detached, B.detached = fail, fail
    local told, handle = hear "unload"
    local ok, err = pcall(module.unload, module, { detach = true })
    handle.remove()
    assert.same({ false, "no 1", 8, true, module }, { ok, err, ran, module.unloaded, told[1][1] })
    for _, o in ipairs(list) do assert.same({ true, 0 }, { molt.alive(o), #molt.traits_of(o) }) end
    assert.equal(0, #molt.traits_of(Car()))
  end)

  it("takes along what the module's own traits require of one another", function()
    local module, impls, A = new_module "along"
    local Needs = molt.trait(fresh "Needs", { requires = { A } })
    local Plain = molt.class(fresh "Plain", {})
    local Van = molt.class(fresh "Van", { impls.A, impls.C })        -- one trait, filled twice
    local o, van = Plain(), Van()
    molt.attach(o, impls.A)
    molt.attach(o, impls.B)
    assert.is_true(module:unload { detach = true })
    assert.same({ 0, 0, false }, { #molt.traits_of(o), #molt.traits_of(van), molt.is(van, Needs) })
  end)

  it("leaves the trait to a class that Lua completes", function()
    local module, impls, A = new_module "lua"
    local Car = molt.class(fresh "Car", { impls.A })
    local car = Car { level = 3 }
    function Car:answer() return self.level * 2 end
    assert.is_true(module:unload { detach = true })
    assert.same({ true, 6, 3 }, { molt.is(car, A), car:answer(), car.level })
  end)

  it("is refused, with every reason and before a hook has run, where a class or object cannot do without", function()
    local module, impls, A, B = new_module "bound"
    local name = molt.name(A)
    local NeedsA, NeedsB = molt.trait(fresh "NeedsA", { requires = { A } }), molt.trait(fresh "NeedsB", { requires = { B } })
    local Plain, Car = molt.class(fresh "Plain", {}), molt.class(fresh "Car", { impls.A, NeedsA })
    local free, bound, car, ran = Plain(), Plain(), Car(), 0
    molt.attach(free, { impls.A, impls.B })
    molt.attach(bound, { impls.B, NeedsB })
    function A:detached() ran = ran + 1 end
    local told, handle = hear "refused"
    local ok, err = module:unload { detach = true }
    handle.remove()
    assert.is_nil(ok)
    assert.same({ 2, err, 0, false }, { #err.reasons, told[1][2], ran, module.unloaded })
    assert.matches(molt.name(NeedsB) .. " requires " .. molt.name(B), err.reasons[1].message)
    assert.matches(molt.name(NeedsA) .. " requires " .. name, err.reasons[2].message)
    assert.same({ 1, 1, 2 }, { free:answer(), car:answer(), #molt.traits_of(free) })
    molt.detach(bound, NeedsB)
    molt.drop(Car, NeedsA)
    assert.is_true(module:unload { detach = true })
    assert.equal(2, ran)
  end)

  it("follows what a hook attaches meanwhile, but not for ever", function()
    local module, impls, A = new_module "chase"
    local Plain = molt.class(fresh "Plain", {})
    local one, two, times = Plain(), Plain(), 0
    molt.attach(one, impls.A)
    local limit = 3
    function A:detached()
      times = times + 1
      local other = self == one and two or one
      if times < limit and not molt.is(other, A) then molt.attach(other, impls.C) end
    end
    assert.is_true(module:unload { detach = true })
    assert.same({ 3, false, false }, { times, molt.is(one, A), molt.is(two, A) })
    assert(molt.load(module.file))
    limit = math.huge
    molt.attach(one, impls.A)
    local ok, err = module:unload { detach = true }
    assert.is_nil(ok)
    assert.matches("is used by 1 object of " .. molt.name(Plain), err.message)
  end)

  it("that waited for a tick goes through, and the tick raises what a hook did", function()
    local module, impls, A = new_module "later"
    local Car = molt.class(fresh "Car", { impls.A, impls.B, molt.trait(fresh "More", { "double more()" }) })
    local later = nil
    function Car:more()
      later = select(2, module:unload { detach = true })
      return 5
    end
    local car = Car()
    function A:detached() error("not me", 0) end
    assert.equal(5, car:relay())
    assert.same({ deferred = true }, later)
    local ok, err = pcall(molt.tick)
    assert.same({ false, "not me", true, false }, { ok, err, module.unloaded, molt.is(car, A) })
  end)
end)
