-- Calls between Lua and C: what each side may do to the other, and that every
-- path leaves the border as it was. The native side is tests/natives/border.c.

local helper = require "helper"
local ffi = require "ffi"
local molt = require "molt"
local state = require("molt.border").state
local core = require "molt.core"

local native = assert(molt.load(helper.build_dir .. "/tests/natives/border"))
local Classic, Leaf = native.Classic, native.Leaf       -- declares Probe and Kinds
local Probe, Kinds = molt.find "Probe", molt.find "Kinds"

-- What a native implementation leaves open; each test puts its own over it.
function Probe.up() return 0 end
function Probe.down() return 0 end
function Probe.told() end
function Probe.notify() return 0 end

local classes = 0

-- A class of its own for each test, with the methods of an implementation.
local function new_class(impl, trait)
  classes = classes + 1
  local class = molt.class("Border" .. classes, { trait or Probe })
  if trait == Kinds then molt.use(class, native.KindsClassic) end
  molt.use(class, impl)
  return class
end

local function id_of(o)
  return (select(2, core.object_info(o)))
end

-- The error object that fn raises.
local function refusal(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok, "no error was raised")
  assert.is_table(err, tostring(err))
  return err
end

local function assert_refused(code, pattern, fn, ...)
  local err = refusal(fn, ...)
  assert.equal(code, err.code, tostring(err))
  assert.truthy(tostring(err):find(pattern), tostring(err))
end

local function assert_clean()
  assert.same({ leaf = 0, depth = 0, pending = 0 },
    { leaf = state.leaf, depth = state.depth, pending = state.pending })
end

describe("a leaf call", function()
  after_each(assert_clean)

  -- One loop, compiled while the friend's slot is native; then Lua fills it.
  local function refused_in_a_hot_loop(rounds, method)
    local Car = new_class(Leaf)
    local car, friend = Car(), Car()
    car.friend = id_of(friend)
    local right, refused, wrong = 0, 0, 0
    local garbage
    for i = 1, rounds do
      if i == rounds / 2 then
        function Car.answer() return -5 end
      end
      local ok, r = pcall(car[method], car, i)
      garbage = { i, tostring(i) }
      if ok and r == i + 1 then right = right + 1
      elseif not ok and r.code == "leaf" and r.message:find("'Probe.answer'", 1, true)
        and r.message:find(("'Probe.%s'"):format(method), 1, true) then refused = refused + 1
      else wrong = wrong + 1 end
    end
    assert.same({ rounds / 2 - 1, rounds / 2 + 1, 0 }, { right, refused, wrong })
    assert.is_table(garbage)
    -- All else works as before, and the native function can come back.
    assert.equal(-5, friend:answer(1))
    molt.use(Car, Leaf)
    assert.equal(8, car[method](car, 7))
  end

  it("may not reach Lua, in a compiled loop with the collector never resting", function()
    local pause, step = collectgarbage("setpause", 0), collectgarbage("setstepmul", 10000)
    refused_in_a_hot_loop(4000, "relay")
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", step)
  end)

  it("may not reach Lua, with a collection at every allocation", function()
    helper.collect_always(refused_in_a_hot_loop, 60, "relay")
  end)

  it("may not reach Lua by the name of a method either", function()
    local Car = new_class(Leaf)
    local car = Car()
    assert.equal(3, car:by_name(2))
    function Car.answer() return -5 end
    assert_refused("leaf", "'Probe.answer'.*'Probe.by_name'", car.by_name, car, 2)
  end)

  it("may not reach a patch of the object it calls", function()
    local Car = new_class(Leaf)
    local car, friend = Car(), Car()
    car.friend = id_of(friend)
    assert.equal(2, car:relay(1))
    friend.answer = function() return -5 end
    assert_refused("leaf", "'Probe.answer'.*'Probe.relay'", car.relay, car, 1)
    molt.restore(friend)
    assert.equal(2, car:relay(1))
  end)

  it("may not reach Lua through a view", function()
    local Car = new_class(Leaf)
    local car = Car()
    local v = molt.as(car, Probe)
    assert.equal(2, v:relay(1))
    function Car.answer() return -5 end
    assert_refused("leaf", "'Probe.answer'.*'Probe.relay'", v.relay, v, 1)
  end)

  it("leaves no mark when an argument does not convert", function()
    local Car = new_class(Leaf)
    local car = Car()
    for _, bad in ipairs { "text", {}, true, print } do
      assert_refused("type", "argument 1 of 'Probe.answer'", car.answer, car, bad)
      assert.equal(0, state.leaf)
    end
    assert_refused("type", "got nil", car.answer, car)
    assert.equal(0, car.count)
    assert.equal(2, car:answer(1))
  end)

  it("leaves no mark that matters when a debug hook raises around it", function()
    local Car = new_class(Leaf)
    local car = Car()
    local LuaCar = new_class(Classic)
    local other = LuaCar()
    function LuaCar.answer(_, x) return x * 2 end
    for count = 1, 80 do
      pcall(function()
        debug.sethook(function()
          debug.sethook()
          error("time is up", 0)
        end, "", count)
        car:answer(1)
        debug.sethook()
      end)
      debug.sethook()
      assert.equal(6, other:relay(3))
      molt.tick()
      assert.equal(2, car:answer(1))
    end
  end)

  it("is not disturbed by finalizers that call methods", function()
    local Car = new_class(Leaf)
    local car, other = Car(), Car()
    local calls, wrong = 0, 0
    local function litter()
      local p = newproxy(true)
      getmetatable(p).__gc = function()
        calls = calls + 1
        if other:relay(1) ~= 2 then wrong = wrong + 1 end
      end
    end
    helper.collect_always(function()
      for i = 1, 30 do
        litter()
        if car:answer(i) ~= i + 1 then wrong = wrong + 1 end
      end
    end)
    assert.is_true(calls > 15)
    assert.equal(0, wrong)
  end)
end)

describe("an error raised in Lua that C called", function()
  after_each(assert_clean)

  it("arrives where Lua called C, as the same value", function()
    local Car = new_class(Classic)
    local car = Car()
    local thrown
    function Car.answer() error(thrown, 0) end
    local values = { "text", 42, 0.5, true, false, {}, print, coroutine.create(print), setmetatable({}, {
      __tostring = function() error "nobody may ask" end }) }
    for _, value in ipairs(values) do
      thrown = value
      for _, method in ipairs { "relay", "twice", "by_name" } do
        local ok, err = pcall(car[method], car, 1)
        assert.is_false(ok)
        assert.is_true(rawequal(value, err), ("%s became %s"):format(tostring(type(value)), type(err)))
      end
    end
    thrown = nil
    local ok, err = pcall(car.relay, car, 1)
    assert.same({ false, nil }, { ok, err })
    function Car.answer() return 5 end
    assert.equal(5, car:relay(1))
  end)

  it("passes through every level between", function()
    local Car = new_class(Classic)
    local car, value = Car(), {}
    function Car.down(self, n)
      if n == 0 then error(value, 0) end
      return self:up(n)
    end
    local ok, err = pcall(car.up, car, 20)
    assert.same({ false, true }, { ok, rawequal(err, value) })
  end)

  it("can be caught on the way", function()
    local Car = new_class(Classic)
    local car = Car()
    function Car.down(self, n)
      if n == 0 then error "deep" end
      local ok, r = pcall(self.up, self, n)
      return ok and r or 100
    end
    assert.equal(9 + 100, car:up(10))
  end)

  it("is the first one when C goes on and meets another", function()
    local Car = new_class(Classic)
    local car, n, first = Car(), 0, {}
    function Car.answer()
      n = n + 1
      error(n == 1 and first or "second", 0)
    end
    local ok, err = pcall(car.twice, car, 1)
    assert.same({ false, true, 2 }, { ok, rawequal(err, first), n })
  end)

  it("is not raised in other Lua that C calls meanwhile", function()
    local Car, Quiet = new_class(Classic), new_class(Classic)
    local car, quiet, first, n, seen = Car(), Quiet(), {}, 0, nil
    function Quiet.answer(_, x) return x * 10 end
    function Car.answer(_, x)
      n = n + 1
      if n == 1 then error(first, 0) end
      seen = { pcall(quiet.relay, quiet, x) }       -- a classic call, clean by itself
      assert.equal("inner", select(2, pcall(function()
        function Quiet.answer() error("inner", 0) end
        quiet:relay(x)
      end)))
      return 1
    end
    local ok, err = pcall(car.twice, car, 3)
    assert.same({ false, true }, { ok, rawequal(err, first) })
    assert.same({ true, 30 }, seen)
  end)

  it("can be seen by C, which then returns", function()
    local Car = new_class(Classic)
    local car, n = Car { stopped = true }, 0
    function Car.answer()
      n = n + 1
      error "first"
    end
    assert.is_false(pcall(car.twice, car, 1))
    assert.equal(1, n)
  end)

  it("says which result had the wrong type", function()
    local Car = new_class(Classic)
    local car, result = Car(), nil
    function Car.answer() return result end
    for _, bad in ipairs { "7", {}, true, print } do
      result = bad
      assert_refused("type", "result of 'Probe.answer'", car.relay, car, 1)
    end
    result = nil
    assert_refused("type", "result of 'Probe.answer' takes a double, got nil", car.relay, car, 1)
    result = 7
    assert.equal(7, car:relay(1))
  end)
end)

describe("nesting from Lua to C to Lua", function()
  after_each(assert_clean)

  local function descending()
    local Car = new_class(Classic)
    function Car.down(self, n)
      if n == 0 then return 0 end
      return self:up(n)
    end
    return Car()
  end

  it("works to the limit, is refused one beyond, and works again", function()
    local car = descending()
    for _ = 1, 3 do
      assert.equal(100, car:up(100))                  -- 100 native calls and 100 closures
      assert_refused("depth", "'Probe.up' was called 200 calls deep", car.up, car, 101)
      assert_clean()
    end
  end)

  it("has the same limit in a coroutine", function()
    local car = descending()
    local co = coroutine.create(function()
      local err = refusal(car.up, car, 101)
      coroutine.yield(err.code)
      return car:up(100)
    end)
    assert.same({ true, "depth" }, { coroutine.resume(co) })
    assert.same({ true, 100 }, { coroutine.resume(co) })
  end)

  it("comes out clean where the Lua stack overflows on either side", function()
    local Car = new_class(Classic)
    local car = Car()
    local function fall(n) return 1 + fall(n + 1) end
    function Car.answer(_, x) return x == 0 and fall(0) or x end
    local function fall_calling(n)
      if car:relay(n) ~= n then error "wrong" end
      return 1 + fall_calling(n + 1)
    end
    for _ = 1, 5 do
      local ok, err = pcall(fall_calling, 1)
      assert.is_false(ok)
      assert.truthy(tostring(err):find "stack overflow", tostring(err))
      ok, err = pcall(car.relay, car, 0)
      assert.is_false(ok)
      assert.truthy(tostring(err):find "stack overflow", tostring(err))
      assert_clean()
      assert.equal(7, car:relay(7))
    end
  end)

  it("has a limit by way of coroutines", function()
    local Car = new_class(Classic)
    local deepest = 0
    function Car.down(self, n)
      deepest = deepest + 1
      return coroutine.wrap(function() return self:up(n + 2) end)()
    end
    assert_refused("depth", "200 calls deep", function() return Car():up(2) end)
    assert.equal(100, deepest)
  end)

  it("has a limit where a function of a slot was kept and Lua fills the slot by now", function()
    for _, impl in ipairs { Classic, Leaf } do
      local Car = new_class(impl)
      local car = Car()
      local kept = car.answer
      local deepest = 0
      function Car.answer(self, x)
        deepest = deepest + 1
        return (kept(self, x))                        -- Lua -> C -> Lua, without end
      end
      assert_refused("depth", "calls deep", car.answer, car, 1)
      assert.is_true(deepest <= 201)
      function Car.answer() return 3 end
      assert.equal(3, kept(car, 1))
    end
  end)
end)

describe("a coroutine", function()
  after_each(assert_clean)

  it("calls native methods, yields between them, and each sees its own", function()
    local Car = new_class(Classic)
    local running = {}
    function Car.answer(_, x)
      running[#running + 1] = tostring(coroutine.running())
      return x + 1
    end
    local car, cos = Car(), {}
    for i = 1, 3 do
      cos[i] = coroutine.create(function()
        for n = 1, 3 do coroutine.yield(car:relay(n)) end
      end)
    end
    for n = 1, 3 do
      for i = 1, 3 do
        assert.same({ true, n + 1 }, { coroutine.resume(cos[i]) })
        assert.equal(tostring(cos[i]), running[#running])
      end
    end
    car:relay(1)
    assert.equal(tostring(coroutine.running()), running[#running])
  end)

  it("is made and resumed by Lua that C called", function()
    local Car = new_class(Classic)
    function Car.answer(self, x)
      local co = coroutine.wrap(function(a)
        local b = coroutine.yield(a + 1)
        return b + self:by_name(0) * 0
      end)
      local first = co(x)
      if x == 0 then return first end
      return co(first)
    end
    assert.equal(8, Car():relay(7))
  end)

  it("cannot yield across C: the error names both methods, and all goes on", function()
    local Car = new_class(Classic)
    local car, other = Car(), coroutine.wrap(function() while true do coroutine.yield(1) end end)
    function Car.answer(_, x) return coroutine.yield(x) end
    other()
    local dead = coroutine.create(function() return car:relay(1) end)
    local ok, err = coroutine.resume(dead)
    assert.is_false(ok)
    assert.equal("yield", err.code)
    assert.truthy(err.message:find("'Probe.answer'.*'Probe.relay'"), err.message)
    assert.equal("dead", coroutine.status(dead))
    local co = coroutine.create(function()
      local code = refusal(car.relay, car, 1).code
      local got = coroutine.yield(code)                -- still able to
      function Car.answer(_, x) return x end
      return car:relay(got)
    end)
    assert.same({ true, "yield" }, { coroutine.resume(co) })
    assert.same({ true, 9 }, { coroutine.resume(co, 9) })
    assert.equal(1, other())
    assert.equal(5, car:relay(5))
  end)

  it("that died inside a call is never run on again", function()
    local Car = new_class(Classic)
    local car, here = Car(), nil
    function Car.answer(_, x)
      here = coroutine.running()
      if x < 0 then error "dead" end
      return x
    end
    for _ = 1, 50 do
      local co = coroutine.create(function() return car:relay(-1) end)
      assert.is_false(coroutine.resume(co))
      co = nil                                         -- luacheck: ignore 311
      collectgarbage()
      assert.equal(4, car:relay(4))
      assert.equal(coroutine.running(), here)
    end
  end)

  it("that an error object was raised in is never run on again", function()
    local Car = new_class(Leaf)
    local car = Car()
    for _ = 1, 20 do
      assert.is_false(coroutine.resume(coroutine.create(function() car:answer("text") end)))
      assert.is_false(coroutine.resume(coroutine.create(function() molt.attach(car, Kinds) end)))
      assert.is_false(coroutine.resume(coroutine.create(function() car.fuel.x = 1 end)))
      collectgarbage()
      function Car.answer() return 1 end               -- reaches the Lua side
      molt.use(Car, Leaf)
      assert.equal(2, car:answer(1))
    end
  end)

  it("may define, override, attach, reload and destroy", function()
    local Car = new_class(Classic)
    local car = Car()
    local co = coroutine.wrap(function()
      function Car.answer(_, x) return x * 2 end
      coroutine.yield(car:relay(2))
      local patch = molt.override(car, "answer", function(_, x) return x * 3 end)
      coroutine.yield(car:relay(2))
      patch:remove()
      coroutine.yield(car:relay(2))
      car:keep(0)
      molt.destroy(car)
      coroutine.yield(molt.alive(car))
    end)
    assert.same({ 4, 6, 4, false }, { co(), co(), co(), co() })
  end)

  it("drains what a leaf call in it asked for", function()
    local Car = new_class(Leaf)
    local doomed = {}
    coroutine.wrap(function()
      for i = 1, 300 do
        doomed[i] = Car()
        doomed[i]:keep(0)
        doomed[i]:finish(0)
        if i % 10 == 0 then coroutine.yield() end
      end
    end)()
    assert.is_false(molt.alive(doomed[10]))
  end)

  it("may yield in a Lua method that was called through a view", function()
    local Car = new_class(Classic)
    function Car.answer(_, x) return coroutine.yield(x) end
    local v = molt.as(Car(), Probe)
    local co = coroutine.wrap(function() return v:answer(1) end)
    assert.same({ 1, 7 }, { co(), co(7) })
  end)
end)

describe("arguments and results", function()
  after_each(assert_clean)

  local big = 2 ^ 53
  local values = {
    bool = { true, false },
    int8 = { 0, 1, -1, 127, -128 },
    uint8 = { 0, 1, 255 },
    int16 = { 0, -1, 32767, -32768 },
    uint16 = { 0, 65535 },
    int32 = { 0, -1, 2147483647, -2147483648 },
    uint32 = { 0, 1, 4294967295, 2147483648 },
    int64 = { 0, -1, big, -big, 9223372036854775807LL, -9223372036854775807LL - 1 },
    uint64 = { 0, 1, big, 18446744073709551615ULL, 9223372036854775808ULL },
    float = { 0, -0.5, 0.25, 3.4028234663852886e38, -3.4028234663852886e38, 1 / 0, -1 / 0, 1.401298464324817e-45 },
    double = { 0, -1.5, 1e308, -1e308, 1 / 0, 4.9e-324, 0.1, big + 2 },
  }
  local bad = {
    bool = { 1, "true" },
    int8 = { 128, -129, 0.5, "1", 0 / 0, 1 / 0, true },
    uint8 = { 256, -1, 1.5 },
    int16 = { 32768, -32769 },
    uint16 = { 65536, -1 },
    int32 = { 2147483648, -2147483649, 0.1 },
    uint32 = { 4294967296, -1 },
    int64 = { 2 ^ 63, -2 ^ 64, 0.5, 9223372036854775808ULL, "1", 0 / 0 },
    uint64 = { -1, -1LL, 2 ^ 64, 0.5 },
    float = { 1e39, -1e39, "1" },
    double = { "1", true, {} },
  }

  local function wide(kind) return kind == "int64" or kind == "uint64" end

  local function check_values(o, prefix, rounds)
    for _ = 1, rounds do
      for kind, list in next, values do
        local method = o[prefix .. kind]
        for _, v in ipairs(list) do
          local r = method(o, v)
          if r ~= v then error(("%s%s: %s became %s"):format(prefix, kind, tostring(v), tostring(r))) end
          if wide(kind) ~= (type(r) == "cdata") then error(prefix .. kind .. " gives a " .. type(r)) end
        end
      end
    end
    local nan = o[prefix .. "double"](o, 0 / 0)
    assert.is_true(nan ~= nan)
    assert.equal(-math.huge, 1 / o[prefix .. "float"](o, -0.0))
  end

  local function check_refused(o, prefix)
    for kind, list in next, bad do
      for _, v in ipairs(list) do
        local err = refusal(o[prefix .. kind], o, v)
        assert.is_true(err.code == "range" or err.code == "type", tostring(err))
        assert.truthy(err.message:find(prefix .. kind, 1, true), tostring(err))
        assert_clean()
      end
    end
  end

  local function mixed(o, method)
    return o[method](o, -3, 18446744073709551615ULL, -0.5, true, -32768, 1e10, -9223372036854775807LL - 1, 255)
  end

  local expected = -3 + 2 * 18446744073709551615 - 2 + 8 - 32768 * 16 + 32e10 - 64 * 2 ^ 63 + 255 * 128

  it("keep their value through leaf functions", function()
    local o = new_class(native.KindsLeaf, Kinds)()
    check_values(o, "same_", 100)
    check_refused(o, "same_")
    assert.equal(expected, mixed(o, "mix"))
  end)

  it("keep their value through classic functions", function()
    local o = new_class(native.KindsClassic, Kinds)()
    check_values(o, "same_", 20)
    check_refused(o, "same_")
    check_values(o, "via_", 20)
    check_refused(o, "via_")
    assert.equal(expected, mixed(o, "mix"))
    assert.equal(expected, mixed(o, "via_mix"))
  end)

  it("keep their value through views", function()
    local o = molt.as(new_class(native.KindsLeaf, Kinds)(), Kinds)
    check_values(o, "same_", 20)
    check_refused(o, "same_")
    check_values(o, "via_", 5)
  end)

  it("keep their value from C to Lua and back", function()
    local Car = new_class(native.KindsClassic, Kinds)
    local seen
    for kind in next, values do
      Car["same_" .. kind] = function(_, v)
        seen = v
        return v
      end
    end
    local o = Car()
    check_values(o, "via_", 20)
    for kind, list in next, values do
      for _, v in ipairs(list) do
        o["via_" .. kind](o, v)
        assert.is_true(seen == v, kind)
        assert.equal(wide(kind) and "cdata" or type(v), type(seen))
      end
    end
    function Car.mix(_, ...)
      seen = { ... }
      return #seen
    end
    assert.equal(8, mixed(o, "via_mix"))
    assert.same({ -3, -0.5, true, -32768, 1e10, 255 }, { seen[1], seen[3], seen[4], seen[5], seen[6], seen[8] })
    assert.is_true(seen[2] == 18446744073709551615ULL and seen[7] == -9223372036854775807LL - 1)
  end)

  it("are checked on the way from Lua to C", function()
    local Car = new_class(native.KindsClassic, Kinds)
    local result
    for kind in next, values do Car["same_" .. kind] = function() return result end end
    local o = Car()
    for kind, list in next, bad do
      for _, v in ipairs(list) do
        result = v
        local err = refusal(o["via_" .. kind], o, values[kind][1])
        assert.is_true(err.code == "range" or err.code == "type", tostring(err))
        assert.truthy(err.message:find("result of 'Kinds.same_" .. kind, 1, true), tostring(err))
      end
    end
  end)

  it("of 64 bits may be plain numbers, and come as cdata", function()
    local o = new_class(native.KindsLeaf, Kinds)()
    assert.is_true(ffi.istype("int64_t", o:same_int64(5)))
    assert.is_true(ffi.istype("uint64_t", o:same_uint64(5)))
    assert.is_true(o:same_uint64(5LL) == 5)
  end)
end)

describe("a life changed by native code", function()
  after_each(assert_clean)

  it("may be everything's: a program ends inside a call", function()
    local output, status = helper.run(([[
      local molt = require "molt"
      local native = assert(molt.load "%s/tests/natives/border")
      local Probe = molt.find "Probe"
      function Probe.up() return 0 end
      function Probe.down() return 0 end
      function Probe.told() end
      local Car = molt.class("Car", { Probe })
      molt.use(Car, native.Classic)
      function Car.answer(_, x)
        print "the end"
        os.exit(x, true)
      end
      local car = Car()
      local v = molt.as(car, Probe)
      coroutine.wrap(function() v:relay(3) end)()
    ]]):format(helper.build_dir))
    assert.same({ "the end\n", 3 }, { output, status })
  end)

  for name, impl in pairs { leaf = Leaf, classic = Classic } do
    it("ends after a " .. name .. " method that destroys its own object", function()
      local Car = new_class(impl)
      for _ = 1, 200 do
        local car = Car()
        local v = molt.as(car, Probe)
        car:finish(0)
        assert.is_false(molt.alive(car))
        assert.is_false(molt.alive(v))
        assert.has_error(function() return car.count end)
        assert.has_error(function() return v.count end)
      end
    end)

    it("ends after a " .. name .. " method that destroys another object", function()
      local Car = new_class(impl)
      local car, other = Car(), Car()
      local id = id_of(other)
      car:finish(id)
      assert.is_false(molt.alive(other))
      car:finish(id)                                   -- a stale id is nobody's
      assert.equal(2, car.count)
    end)

    it("is kept by a " .. name .. " method that retains, with its table", function()
      local Car = new_class(impl)
      local keeper, kept = Car(), Car { count = 7 }
      kept.name = "kept"
      local id = id_of(kept)
      keeper:keep(id)
      kept = nil                                       -- luacheck: ignore 311
      for _ = 1, 3 do
        collectgarbage()
        molt.tick()
      end
      local found
      for o in molt.each(Car) do
        if o ~= keeper then found = o end
      end
      assert.same({ 7, "kept" }, { found.count, found.name })
      keeper:let_go(id)
      found = nil                                      -- luacheck: ignore 311
      for _ = 1, 3 do
        collectgarbage()
        molt.tick()
      end
      assert.equal(1, molt.count(Car))
    end)

    it("is kept by nobody after a " .. name .. " method that retains and releases at once", function()
      local Car = new_class(impl)
      local weak = setmetatable({ Car() }, { __mode = "v" })
      weak[1]:keep(0)
      weak[1]:let_go(0)
      for _ = 1, 3 do
        collectgarbage()
        molt.tick()
      end
      assert.is_nil(weak[1])
      assert.equal(0, molt.count(Car))
    end)
  end

  it("ends inside Lua that a native method of the object called", function()
    local Car = new_class(Classic)
    function Car.told(self)
      molt.destroy(self)
      assert.is_false(molt.alive(self))
      assert.has_error(function() return self.count end)
    end
    for _ = 1, 100 do
      local car = Car()
      assert.equal(1, car:notify(0))                   -- its memory was still good
      assert.is_false(molt.alive(car))
    end
  end)

  it("ends inside Lua, and another begins in no memory of it", function()
    local Car = new_class(Classic)
    local made = {}
    function Car.told(self)
      molt.destroy(self)
      for i = 1, 50 do made[i] = Car() end
    end
    for _ = 1, 20 do
      assert.equal(1, Car():notify(0))
      for i = 1, 50 do assert.equal(0, made[i].count) end
    end
  end)

  it("does not pass a quiescent point inside a call", function()
    local Car = new_class(Classic)
    function Car.told() molt.tick() end
    local car, tick = Car(), state.tick
    assert_refused("state", "molt.tick inside a native call", car.notify, car, 0)
    assert.equal(tick, state.tick)
    molt.tick()
    assert.equal(tick + 1, state.tick)
  end)
end)

describe("a definition that changes while it is in use", function()
  after_each(assert_clean)

  it("may be replaced by the method that runs", function()
    local Car = new_class(Classic)
    local car = Car()
    function Car.answer(self, x)
      for i = 1, 20 do
        function Car.answer(_, y) return y + i end
      end
      collectgarbage()
      return self:answer(x) * 100
    end
    assert.equal(2100, car:relay(1))
    assert.equal(21, car:relay(1))
  end)

  it("is followed by C at its next call through the same handle", function()
    local Car = new_class(Classic)
    local car = Car()
    function Car.answer()
      function Car.answer() return 10 end
      return 1
    end
    assert.equal(11, car:twice(0))
    function Car.answer()
      molt.use(Car, Classic)
      return 5
    end
    assert.equal(5 + 4, car:twice(3))
  end)

  it("is followed by C when it is taken away", function()
    local Car = new_class(Classic)
    local car, patch = Car(), nil
    patch = molt.override(Car, "answer", function()
      patch:remove()
      collectgarbage()
      return 50
    end)
    assert.equal(50 + 4, car:twice(3))
    assert.equal(8, car:twice(3))
  end)

  it("is followed by C for a patched object", function()
    for _, impl in ipairs { Classic, Leaf } do
      local Car = new_class(impl)
      local Caller = new_class(Classic)
      local car, caller = Car(), Caller()
      caller.friend = id_of(car)
      assert.equal(2, caller:relay(1))
      local low = molt.override(car, "answer", function(_, x) return x * 10 end)
      assert.equal(10, caller:relay(1))
      local high = molt.override(car, "answer", function(_, x) return x * 100 end)
      assert.equal(100, caller:relay(1))
      high:remove()
      assert.equal(10, caller:relay(1))
      rawset(car, "answer", nil)                       -- the raw field is the truth
      assert.equal(2, caller:relay(1))
      assert.equal(2, car:answer(1))
      rawset(car, "answer", function() return -1 end)
      assert.equal(-1, caller:relay(1))
      function Car.answer() return 77 end
      assert.equal(-1, caller:relay(1))
      rawset(car, "answer", nil)
      assert.equal(77, caller:relay(1))
      low:remove()
      molt.restore(car)
      assert.equal(77, caller:relay(1))
      molt.use(Car, impl)
      assert.equal(2, caller:relay(1))
    end
  end)

  it("may patch and restore the object that runs it", function()
    local Car = new_class(Classic)
    local car = Car()
    function Car.answer(self)
      molt.override(self, "answer", function(me)
        molt.restore(me)
        return 10
      end)
      return 1
    end
    assert.equal(11, car:twice(0))
    assert.equal(11, car:twice(0))
  end)

  it("answers through a method of a view that was kept, as long as the view is good", function()
    local Car = new_class(Leaf)
    function Car.describe(self) return self.count end
    local car = Car { count = 3 }
    local v = molt.as(car, Probe)
    local typed, untyped = v.answer, v.describe
    assert.same({ 2, 4 }, { typed(v, 1), untyped(v) })
    assert.same({ 2, 5 }, { typed(car, 1), untyped(car) })
    assert_refused("argument", "object expected, got userdata", typed, newproxy(), 1)
    assert.has_error(function() untyped(newproxy()) end)
    assert.has_error(function() untyped(nil) end)
    molt.destroy(car)
    assert_refused("stale", "stale view of 'Probe'", typed, v, 1)
    assert_refused("stale", "stale view of 'Probe'", untyped, v)
  end)

  it("answers through a function of the slot that was kept", function()
    for _, impl in ipairs { Classic, Leaf } do
      local Car = new_class(impl)
      local car = Car()
      local kept = car.answer
      assert.equal(2, kept(car, 1))
      function Car.answer(_, x) return x and x * 7 or "none" end
      for i = 1, 200 do assert.equal(i * 7, kept(car, i)) end
      assert.equal("none", kept(car))
      molt.override(car, "answer", function() return -1 end)
      assert.equal(-1, kept(car, 1))
      molt.restore(car)
      molt.use(Car, impl)
      assert.equal(2, kept(car, 1))
      local other = molt.class("BorderOther" .. classes, {})()
      assert_refused("stale", "has no trait 'Probe'", kept, other, 1)
      assert_refused("argument", "object expected", kept, {}, 1)
      assert_refused("argument", "object expected", kept, nil, 1)
      molt.destroy(car)
      assert_refused("destroyed", "destroyed", kept, car, 1)
    end
  end)
end)
