-- molt.each and molt.count: going through the living.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("EachTank", { "double fuel = 10" })
local Heat = molt.trait("EachHeat", { "double heat = 1" })

-- A class of its own, and `count` objects of it that stay alive.
local function some(count)
  local Car = molt.class(fresh "Car", { Tank })
  local list = {}
  for i = 1, count do list[i] = Car { fuel = i } end
  return Car, list
end

local function fuels(what)
  local found = {}
  for o in molt.each(what) do found[#found + 1] = o.fuel end
  return found
end

describe("going through the objects of a class", function()
  it("visits each once, in order of creation", function()
    local Car, list = some(10)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, fuels(Car))
    assert.equal(10, #list)
  end)

  it("visits nothing when there are none", function()
    local Car = some(0)
    assert.same({}, fuels(Car))
  end)

  it("visits those of extended classes, too", function()
    local Car, list = some(2)
    local Sub = molt.class(fresh "Sub", { extends = Car })
    list[3] = Sub { fuel = 30 }
    list[4] = Car { fuel = 4 }
    assert.same({ 1, 2, 30, 4 }, fuels(Car))
    assert.same({ 30 }, fuels(Sub))
  end)

  it("counts them", function()
    local Car, list = some(7)
    assert.equal(7, molt.count(Car))
    molt.destroy(list[3])
    assert.equal(6, molt.count(Car))
  end)

  it("misses those that were destroyed", function()
    local Car, list = some(5)
    molt.destroy(list[1])
    molt.destroy(list[3])
    molt.destroy(list[5])
    assert.same({ 2, 4 }, fuels(Car))
  end)

  it("misses those that were collected", function()
    local Car, list = some(6)
    list[2], list[5] = nil, nil
    helper.collect_all()
    assert.same({ 1, 3, 4, 6 }, fuels(Car))
    assert.equal(4, molt.count(Car))
  end)

  it("keeps the order of creation over any number of collections", function()
    local Car, list = some(200)
    for round = 1, 5 do
      for i = round, 200, 7 do list[i] = nil end
      helper.collect_all()
      list[#list + 1] = nil
    end
    local found, last = fuels(Car), 0
    for _, fuel in ipairs(found) do
      assert.is_true(fuel > last)
      last = fuel
    end
    local alive = 0
    for _ in pairs(list) do alive = alive + 1 end
    assert.equal(alive, #found)
  end)
end)

describe("going through the objects of a trait", function()
  it("visits those that have it attached", function()
    local Car, list = some(3)
    molt.attach(list[2], Heat)
    local found = {}
    for o in molt.each(Heat) do
      if molt.is(o, Car) then found[#found + 1] = o.fuel end
    end
    assert.same({ 2 }, found)
    molt.detach(list[2], Heat)
    for o in molt.each(Heat) do assert.is_false(molt.is(o, Car)) end
  end)

  it("visits those whose class has it", function()
    local Warm = molt.trait(fresh "Warm")
    local list = { molt.class(fresh "A", { Warm })(), molt.class(fresh "B", { Warm })(), molt.class(fresh "C")() }
    assert.equal(2, molt.count(Warm))
    assert.equal(3, #list)
  end)

  it("follows a class that takes the trait up", function()
    local Warm = molt.trait(fresh "Warm")
    local Car, list = some(2)
    assert.equal(0, molt.count(Warm))
    molt.use(Car, Warm)
    assert.equal(2, molt.count(Warm))
    molt.drop(Car, Warm)
    assert.equal(0, molt.count(Warm))
    assert.equal(2, #list)
  end)
end)

describe("without an argument", function()
  it("everything alive is counted and visited", function()
    local _, list = some(3)
    -- What other tests left behind must not be collected between the two.
    helper.collect_all()
    collectgarbage("stop")
    local seen = 0
    for _ in molt.each() do seen = seen + 1 end
    local counted = molt.count()
    collectgarbage("restart")
    assert.equal(counted, seen)
    assert.is_true(seen >= #list)
  end)
end)

describe("while a loop is under way", function()
  it("objects made meanwhile are not visited", function()
    local Car, list = some(5)
    local visits = 0
    for _ in molt.each(Car) do
      visits = visits + 1
      list[#list + 1] = Car()
    end
    assert.same({ 5, 10 }, { visits, molt.count(Car) })
  end)

  it("objects made meanwhile are not visited in the place of destroyed ones", function()
    local Car, list = some(5)
    local seen = {}
    for o in molt.each(Car) do
      seen[#seen + 1] = o.fuel
      if list[5] then
        molt.destroy(list[5])
        list[5] = nil
        list[6] = Car { fuel = 60 }
      end
    end
    assert.same({ 1, 2, 3, 4 }, seen)
  end)

  it("objects destroyed meanwhile are not visited", function()
    local Car, list = some(5)
    local seen = {}
    for o in molt.each(Car) do
      seen[#seen + 1] = o.fuel
      if o.fuel == 2 then
        molt.destroy(list[1])
        molt.destroy(list[3])
      end
    end
    assert.same({ 1, 2, 4, 5 }, seen)
  end)

  it("each object may be destroyed as it is visited", function()
    local Car = some(50)
    for o in molt.each(Car) do molt.destroy(o) end
    assert.equal(0, molt.count(Car))
  end)

  it("the loop may be left", function()
    local Car, list = some(5)
    for o in molt.each(Car) do
      if o.fuel == 2 then break end
    end
    assert.same({ 1, 2, 3, 4, 5 }, fuels(Car))
    assert.equal(5, #list)
  end)

  it("an error may end it", function()
    local Car, list = some(5)
    assert.has_error(function()
      for _ in molt.each(Car) do error("enough") end
    end)
    assert.equal(5, #fuels(Car))
    assert.equal(5, #list)
  end)

  it("other loops may run inside it", function()
    local Car, list = some(5)
    local pairs_seen = 0
    for a in molt.each(Car) do
      for b in molt.each(Car) do
        if a ~= b then pairs_seen = pairs_seen + 1 end
      end
    end
    assert.equal(20, pairs_seen)
    assert.equal(5, #list)
  end)

  it("collections and sweeps neither skip nor repeat an object", function()
    local Car, list = some(300)
    for i = 1, 300, 3 do list[i] = nil end
    local seen = {}
    for o in molt.each(Car) do
      if o.fuel % 3 ~= 1 then seen[#seen + 1] = o.fuel end
      if o.fuel % 50 == 0 then
        collectgarbage()
        molt.tick()
      end
    end
    local expected = {}
    for i = 1, 300 do
      if i % 3 ~= 1 then expected[#expected + 1] = i end
    end
    assert.same(expected, seen)
  end)

  it("traits may be attached and detached, and classes changed", function()
    local Car, list = some(5)
    local Load = molt.trait(fresh "Load", { "double load = 2" })
    local seen = {}
    for o in molt.each(Car) do
      molt.attach(o, Heat)
      if o.fuel == 3 then molt.use(Car, Load) end
      molt.detach(o, Heat)
      seen[#seen + 1] = o.fuel
    end
    assert.same({ 1, 2, 3, 4, 5 }, seen)
    assert.equal(2, list[1].load)
  end)

  it("objects may be cloned", function()
    local Car, list = some(3)
    for o in molt.each(Car) do list[#list + 1] = molt.clone(o) end
    assert.same({ 1, 2, 3, 1, 2, 3 }, fuels(Car))
  end)

  it("the iterator may be stepped by hand, also after its end", function()
    local Car, list = some(1)
    local step = molt.each(Car)
    assert.equal(list[1], step())
    assert.is_nil(step())
    assert.is_nil(step())
  end)
end)

describe("molt.each and molt.count", function()
  it("refuse what is neither trait nor class", function()
    refuses(function() molt.each("EachTank") end, "bad argument #1 to 'each' (trait or class expected, got string)")
    refuses(function() molt.count(5) end, "bad argument #1 to 'count' (trait or class expected, got number)")
    refuses(function() molt.count(molt.impl(Tank)) end,
      "bad argument #1 to 'count' (trait or class expected, got impl)")
  end)

  it("refuse a nil that is given, which no argument is not", function()
    local missing = nil
    for _, verb in ipairs { "each", "count" } do
      refuses(function() molt[verb](missing) end,
        ("bad argument #1 to '%s' (trait or class expected, got nil)"):format(verb),
        ("without an argument, molt.%s() goes through all objects"):format(verb))
    end
  end)
end)

describe("once a class was gone through", function()
  it("what is made later comes in order", function()
    local Car, list = some(3)
    fuels(Car)
    list[4] = Car { fuel = 4 }
    molt.destroy(list[2])
    list[5] = Car { fuel = 5 }
    assert.same({ 1, 3, 4, 5 }, fuels(Car))
    assert.equal(4, molt.count(Car))
  end)

  it("what takes up a trait later has its place in the order of creation", function()
    local Warm = molt.trait(fresh "Warm", { "double warm" })
    local _, list = some(5)
    molt.attach(list[4], Warm)
    assert.same({ 4 }, fuels(Warm))
    molt.attach(list[2], Warm)
    molt.attach(list[5], Warm)
    molt.detach(list[4], Warm)
    assert.same({ 2, 5 }, fuels(Warm))
    molt.attach(list[4], Warm)
    assert.same({ 2, 4, 5 }, fuels(Warm))
    for _ = 1, 3 do
      molt.detach(list[2], Warm)
      molt.attach(list[2], Warm)
    end
    assert.same({ 2, 4, 5 }, fuels(Warm))
  end)

  it("a class that is new counts as one of its base's", function()
    local Car, list = some(1)
    fuels(Car)
    list[2] = molt.class(fresh "Sub", { extends = Car }) { fuel = 2 }
    assert.same({ 1, 2 }, fuels(Car))
  end)

  it("going through it does not look at the others", function()
    local Car, list = some(3)
    local _, others = some(helper.stress and 2000 or 20000)
    fuels(Car)
    local function steps()
      local count = 0
      debug.sethook(function() count = count + 1 end, "", 100)
      fuels(Car)
      debug.sethook()
      return count
    end
    assert.is_true(steps() < 50)
    assert.is_true(#list + #others > 2000)
  end)

  it("what came and went unread is not there", function()
    local Car, list = some(3)
    fuels(Car)
    for i = 1, helper.stress and 2000 or 20000 do molt.destroy(Car { fuel = i }) end
    list[4] = Car { fuel = 4 }
    assert.same({ 1, 2, 3, 4 }, fuels(Car))
  end)
end)

describe("in a loop, what comes to match or ceases to", function()
  local Warm = molt.trait("EachWarm", { "double warm" })

  it("is not visited", function()
    local _, list = some(6)
    for i = 1, 6, 2 do molt.attach(list[i], Warm) end
    local seen = {}
    for o in molt.each(Warm) do
      seen[#seen + 1] = o.fuel
      if o.fuel == 1 then
        molt.attach(list[4], Warm)
        molt.detach(list[5], Warm)
      end
    end
    assert.same({ 1, 3 }, seen)
    assert.same({ 1, 3, 4 }, fuels(Warm))
    for o in molt.each(Warm) do molt.detach(o, Warm) end
  end)
end)
