-- The collector and molt: nothing leaks, nothing dies early.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

local Tank = molt.trait("GcTank", { "double fuel = 10", "any other" })
local Heat = molt.trait("GcHeat", { "double heat = 1" })

-- A class of its own: what is alive of it is the test's alone.
local function new_class()
  return molt.class(fresh "Car", { Tank })
end

-- Sanitizers and a collector that never rests make every object cost much more.
local costly = helper.stress or helper.lua:find("memory_host", 1, true)
local many = costly and 5000 or 1000000

local function resident()
  local file = assert(io.open("/proc/self/statm"))
  local _, pages = file:read("*n", "*n")
  file:close()
  return pages * 4
end

describe("an object that nothing holds", function()
  it("is collected, and its body released", function()
    local Car = new_class()
    for _ = 1, 1000 do Car() end
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("leaves its memory to the next", function()
    local Car = new_class()
    local places = {}
    for _ = 1, 10 do
      for _ = 1, 100 do places[molt.name(Car())] = true end
      helper.collect_all()
    end
    local count = 0
    for _ in pairs(places) do count = count + 1 end
    assert.is_true(count < 500)
  end)

  it("is collected with its attached traits and its overrides", function()
    local Car = new_class()
    function Car:describe() end
    for _ = 1, 200 do
      local o = molt.attach(Car(), Heat)
      molt.override(o, "describe", function() return o end)
    end
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("is collected as part of a cycle through Lua-valued fields", function()
    local Car = new_class()
    for _ = 1, 100 do
      local a, b = Car(), Car()
      a.other, b.other = b, a
      a.self = a
    end
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("is collected as part of a cycle through its own views", function()
    local Car = new_class()
    for _ = 1, 100 do
      local o = Car()
      o.other = molt.as(o, Tank)
    end
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("is collected although its patch is held elsewhere weakly, and its name known", function()
    local Car = new_class()
    function Car:describe() end
    local names = {}
    for _ = 1, 100 do
      local o = Car()
      molt.override(o, "describe", print)
      names[#names + 1] = molt.name(o)
    end
    helper.collect_all()
    assert.same({ 100, 0 }, { #names, molt.count(Car) })
  end)

  it("is collected although a coroutine that is dead had made it", function()
    local Car = new_class()
    for _ = 1, 50 do
      coroutine.wrap(function()
        local o = Car()
        coroutine.yield(o)
      end)()
    end
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)
end)

describe("an object that something holds", function()
  it("lives, whatever is collected around it", function()
    local Car = new_class()
    local kept = {}
    for i = 1, 2000 do
      local o = Car { fuel = i }
      if i % 10 == 0 then kept[#kept + 1] = o end
    end
    helper.collect_all()
    assert.equal(200, molt.count(Car))
    for i, o in ipairs(kept) do assert.equal(10 * i, o.fuel) end
  end)

  it("lives by its view alone", function()
    local Car = new_class()
    local views = {}
    for i = 1, 100 do views[i] = molt.as(Car { fuel = i, other = "x" }, Tank) end
    helper.collect_all()
    assert.equal(100, molt.count(Car))
    for i, v in ipairs(views) do assert.same({ i, "x" }, { v.fuel, v.other }) end
    views = nil
    helper.collect_all()
    assert.equal(0, molt.count(Car), tostring(views))
  end)

  it("lives by the loop that visits it", function()
    local Car = new_class()
    local list = {}
    for i = 1, 10 do list[i] = Car { fuel = i } end
    local sum = 0
    for o in molt.each(Car) do
      list[o.fuel] = nil
      collectgarbage()
      molt.tick()
      sum = sum + o.fuel
    end
    assert.same({ 55, {} }, { sum, list })
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("lives as a value of a weak-keyed table, and dies as its key", function()
    local Car = new_class()
    local by_name = setmetatable({}, { __mode = "k" })
    local key = {}
    by_name[key] = Car()
    by_name[Car()] = true
    helper.collect_all()
    assert.equal(1, molt.count(Car))
    assert.is_true(molt.alive(by_name[key]))
  end)
end)

describe("a view", function()
  it("that nothing holds is collected, and its object lives on", function()
    local Car = new_class()
    local o = Car()
    local seen = setmetatable({}, { __mode = "v" })
    seen[1] = molt.as(o, Tank)
    helper.collect_all()
    assert.is_nil(seen[1])
    assert.equal(10, molt.as(o, Tank).fuel)
  end)

  it("made a hundred thousand times costs no memory", function()
    local o = new_class()()
    local function round()
      for _ = 1, 1000 do
        local v = molt.as(o, Tank)
        v.fuel = v.fuel
      end
    end
    round()
    collectgarbage()
    local before = collectgarbage("count")
    for _ = 1, helper.stress and 5 or 100 do round() end
    collectgarbage()
    assert.is_true(collectgarbage("count") - before < 100)
  end)
end)

describe("memory", function()
  it("stays flat while objects are made and dropped", function()
    local Car = new_class()
    local function make(count)
      local sum = 0
      for i = 1, count do
        local o = Car()
        o.fuel = i
        sum = sum + o.fuel
      end
      return sum
    end
    make(many / 5)
    helper.collect_all()
    local before, lua_before = resident(), collectgarbage("count")
    assert.equal(many * (many + 1) / 2, make(many))
    helper.collect_all()
    -- The registry may have doubled meanwhile; a leak would be some 200,000 KB.
    assert.is_true(collectgarbage("count") - lua_before < 4000)
    assert.is_true(resident() - before < 30000, ("grew by %d KB"):format(resident() - before))
    assert.equal(0, molt.count(Car))
  end)

  it("stays flat while objects are made and destroyed", function()
    local Car = new_class()
    local function make(count)
      for _ = 1, count do molt.destroy(Car()) end
    end
    make(many / 10)
    helper.collect_all()
    local before = resident()
    make(many / 5)
    helper.collect_all()
    assert.is_true(resident() - before < 30000, ("grew by %d KB"):format(resident() - before))
    assert.equal(0, molt.count(Car))
  end)

  it("stays flat while traits are attached to objects that are dropped", function()
    local Car = new_class()
    local function make(count)
      for _ = 1, count do molt.attach(Car(), Heat) end
    end
    make(many / 20)
    helper.collect_all()
    local before = resident()
    make(many / 10)
    helper.collect_all()
    assert.is_true(resident() - before < 30000, ("grew by %d KB"):format(resident() - before))
    assert.equal(0, molt.count(Car))
  end)

  it("stays flat while a class is overridden and restored", function()
    local Car = new_class()
    function Car:describe() end
    local o = Car()
    local function round()
      for _ = 1, costly and 20 or 200 do molt.override(Car, "describe", function() return 1 end):remove() end
    end
    round()
    collectgarbage()
    local before = collectgarbage("count")
    for _ = 1, 10 do round() end
    collectgarbage()
    assert.is_true(collectgarbage("count") - before < 100)
    assert.is_nil(o:describe())
  end)

  it("is given back by a burst of objects to the next burst", function()
    local Car, size = new_class(), costly and 300 or 5000
    local function burst()
      local list = {}
      for i = 1, size do list[i] = Car { fuel = i } end
      assert.equal(size, molt.count(Car))
      return list[size].fuel
    end
    burst()
    helper.collect_all()
    local before = resident()
    for _ = 1, 10 do
      assert.equal(size, burst())
      helper.collect_all()
      assert.equal(0, molt.count(Car))
    end
    assert.is_true(resident() - before < 20000, ("grew by %d KB"):format(resident() - before))
  end)
end)

-- What is found is compared afterwards: asserting would itself be collected at every step.
describe("a collection at every step", function()
  it("leaves making, attaching, viewing, cloning and destroying whole", function()
    local Car = new_class()
    local function round(i)
      local o = Car { fuel = i, other = {} }
      molt.attach(o, Heat, { heat = i })
      local v = molt.as(o, Heat)
      local copy = molt.clone(o)
      v.heat = v.heat + 1
      local fuel, heat, copied = o.fuel, o.heat, copy.heat
      molt.detach(o, Heat)
      molt.destroy(copy)
      return fuel, heat, copied, molt.alive(copy)
    end
    assert.same({ 1, 2, 1, false }, { helper.collect_always(round, 1) })
    assert.same({ 2, 3, 2, false }, { helper.collect_always(round, 2) })
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("leaves a hot loop over fields and methods whole", function()
    local Car = new_class()
    function Car:burn(by) self.fuel = self.fuel - by return {} end
    local o = Car { fuel = 1000 }
    helper.collect_always(function()
      for _ = 1, 200 do o:burn(1) end
    end)
    assert.equal(800, o.fuel)
  end)

  it("leaves declaring and filling whole", function()
    local trait, class = fresh "T", fresh "Own"
    local found = { helper.collect_always(function()
      local T = molt.trait(trait, { "double x = 1", "double get()" })
      local Own = molt.class(class, { T })
      function Own:get() return self.x end
      local o = Own()
      molt.override(o, "get", function() return 2 end)
      local patched = o:get()
      molt.restore(o)
      local restored = o:get()
      molt.use(Own, Heat)
      return patched, restored, o.x, o.heat
    end) }
    assert.same({ 2, 1, 1, 1 }, found)
  end)
end)

describe("the registry", function()
  -- Between two lines of molt's own code, where only a debug hook gets in.
  it("lets an object keep its slot while it is being made", function()
    local Car, reached = new_class(), 0
    local made, compiler = {}, jit.status()
    jit.off()
    jit.flush()                                    -- compiled code calls no hook
    for line = 1, 12 do
      for _ = 1, 50 do Car() end                   -- holes below, once they are collected
      local at, inside = 0, false
      debug.sethook(function()
        if inside or debug.getinfo(2, "S").source ~= "=molt" then return end
        at = at + 1
        if at ~= line then return end
        inside, reached = true, reached + 1
        collectgarbage()
        molt.tick()
        inside = false
      end, "l")
      local o = Car()
      debug.sethook()
      o.fuel = line
      made[line] = o
    end
    if compiler then jit.on() end
    assert.is_true(reached >= 8, reached .. " lines")
    for line, o in ipairs(made) do assert.equal(line, o.fuel) end
    made = nil                                     -- luacheck: ignore
    helper.collect_all()
    assert.equal(0, molt.count(Car))
  end)

  it("keeps the order of creation through random creation, destruction and collection", function()
    local Car = new_class()
    local random = 12345
    local function choose(n)
      random = (random * 1103515245 + 12345) % 2147483648
      return math.floor(random / 65536) % n + 1
    end
    local alive, serial = {}, 0
    for _ = 1, helper.stress and 300 or 3000 do
      local act = choose(10)
      if act <= 5 then
        serial = serial + 1
        alive[#alive + 1] = Car { fuel = serial }
      elseif act <= 7 and #alive > 0 then
        molt.destroy(table.remove(alive, choose(#alive)))
      elseif act <= 8 and #alive > 0 then
        table.remove(alive, choose(#alive))
      elseif act == 9 and choose(10) == 1 then
        helper.collect_all()
      elseif act == 10 and choose(10) == 1 then
        for o in molt.each(Car) do
          if choose(5) == 1 then break end
          if choose(20) == 1 then collectgarbage() end
          o.fuel = o.fuel + 0
        end
      end
    end
    helper.collect_all()
    local expected, found = {}, {}
    for i, o in ipairs(alive) do expected[i] = o.fuel end
    for o in molt.each(Car) do found[#found + 1] = o.fuel end
    assert.same(expected, found)
  end)
end)
