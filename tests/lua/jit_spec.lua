-- The hot paths compile: there is a trace, and nothing in it that LuaJIT cannot compile.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

local Tank = molt.trait("JitTank", { "double fuel = 10", "int32_t gears = 1", "any driver" })
local Heat = molt.trait("JitHeat", { "double heat = 1" })

local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
local Gauge = molt.find("Gauge")

-- With the compiler off there is nothing to assert.
local compiled = jit.status() and it or pending

local vmdef
do
  local ok, module = pcall(require, "jit.vmdef")
  vmdef = ok and module or nil
end

local function reason(code, detail)
  if type(code) ~= "number" or not vmdef then return tostring(code) end
  local text = vmdef.traceerr[code] or tostring(code)
  if type(detail) == "function" then detail = "a function" end
  local name = type(detail) == "number" and text:find("bytecode") and vmdef.bcnames:sub(detail * 6 + 1, detail * 6 + 6)
  return (text:gsub("%%[ds]", function() return tostring(name or detail) end))
end

-- What the compiler tells while fn(...) runs. It is only written down, without a
-- call, a global or a new table: the listener runs in the midst of the compiler's work.
local function record(fn, ...)
  local count, what, funcs, codes, details = 0, {}, {}, {}, {}
  local function listener(event, _, func, _, code, detail)
    count = count + 1
    what[count], funcs[count], codes[count], details[count] = event, func or false, code or false, detail or false
  end
  jit.attach(listener, "trace")
  local results = { pcall(fn, ...) }
  jit.attach(listener)
  if not results[1] then error(results[2], 0) end
  local events = {}
  for i = 1, count do events[i] = { what = what[i], func = funcs[i], code = codes[i], detail = details[i] } end
  return events, unpack(results, 2)
end

local function is_of_this_file(func)
  return debug.getinfo(func, "S").source:find("jit_spec", 1, true) ~= nil
end

-- Traces are made while fn(...) runs. Returned are the reasons for giving up one that began
-- in this file or goes on from another. (One that begins in a function of molt's, as
-- may happen before the loop is hot, says nothing of the loop.) `roots_only`: those
-- that go on from another do not count.
local function watch(roots_only, fn, ...)
  jit.flush()
  local results = { record(fn, ...) }
  local traces, aborts, log, ours = 0, {}, {}, false
  for _, event in ipairs(results[1]) do
    log[#log + 1] = event.what .. (event.what == "abort" and " " .. reason(event.code, event.detail) or "")
    if event.what == "start" then ours = event.code and not roots_only or is_of_this_file(event.func) end
    if event.what == "stop" then traces = traces + 1 end
    if event.what == "abort" and ours then
      local text = reason(event.code, event.detail)
      -- A loop that leaves its trace at once, or is met while another is recorded, is tried again.
      if text:find("NYI") or text:find("blacklisted") or text:find("disabled") then
        local info = debug.getinfo(event.func, "S")
        aborts[#aborts + 1] = ("%s (in %s:%d)"):format(text, info.short_src, info.linedefined)
      end
    end
  end
  assert.is_true(traces > 0, "no trace was made: " .. table.concat(log, ", "))
  return aborts, unpack(results, 2)
end

local function begins_traces(fn)
  for _, event in ipairs((record(fn, 2000))) do
    if event.what == "start" then return true end
  end
  return false
end

-- Before long there is nothing left to compile: the loop stays in its traces.
local function expect_end(fn)
  local rounds = 1
  while begins_traces(fn) do
    rounds = rounds + 1
    assert.is_true(rounds < 50, "traces are begun without end")
  end
end

-- fn(n) runs a hot loop of n turns and returns what it computed.
local function compiles(expected, fn, roots_only)
  local aborts, result = watch(roots_only, fn, 2000)
  assert.equal(expected, result)
  assert.same({}, aborts)
  expect_end(fn)
end

-- Is a loop of this file, one that fn(...) runs, compiled as a whole?
local function has_loop(fn, ...)
  jit.flush()
  local ours = false
  for _, event in ipairs((record(fn, ...))) do
    if event.what == "start" then ours = not event.code and is_of_this_file(event.func) end
    if event.what == "stop" and ours then return true end
  end
  return false
end

describe("a hot loop", function()
  compiled("reads a typed field", function()
    local o = molt.class(fresh "Car", { Tank })()
    compiles(20000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + o.fuel end
      return sum
    end)
  end)

  compiled("writes a typed field", function()
    local o = molt.class(fresh "Car", { Tank })()
    compiles(2000, function(n)
      for i = 1, n do o.fuel, o.gears = i, i end
      return o.gears
    end)
  end)

  compiled("reads and writes a Lua-valued field", function()
    local o = molt.class(fresh "Car", { Tank })()
    compiles(2000, function(n)
      o.driver = 0
      for _ = 1, n do o.driver = o.driver + 1 end
      return o.driver
    end)
  end)

  compiled("goes over many objects of a class", function()
    local Car = molt.class(fresh "Car", { Tank })
    local list = {}
    for i = 1, 100 do list[i] = Car { fuel = i } end
    compiles(101000, function(n)
      local sum = 0
      for i = 1, n do sum = sum + list[(i - 1) % 100 + 1].fuel end
      return sum
    end)
  end)

  compiled("asks whether an object is of a class and has a trait", function()
    local Car = molt.class(fresh "Car", { Tank })
    local o = molt.class(fresh "Van", { extends = Car })()
    compiles(4000, function(n)
      local count = 0
      for _ = 1, n do
        if molt.is(o, Car) then count = count + 1 end
        if molt.is(o, Tank) then count = count + 1 end
      end
      return count
    end)
  end)

  compiled("calls static members of a trait and of a class", function()
    local T = molt.trait(fresh "T", { static = { one = function() return 1 end } })
    local C = molt.class(fresh "C", { static = { two = function() return 2 end } })
    compiles(6000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + T.one() + C.two() end
      return sum
    end)
  end)

  compiled("calls a Lua method", function()
    local Car = molt.class(fresh "Car", { Tank })
    function Car:burn(by)
      self.fuel = self.fuel - by
      return self.fuel
    end
    local o = Car()
    compiles(3000, function(n)
      o.fuel = 5000
      local left
      for _ = 1, n do left = o:burn(1) end
      return left
    end)
  end)

  compiled("calls an inherited method and a trait's default", function()
    local T = molt.trait(fresh "T", { "double x = 1", get = function(self) return self.x end })
    local Base = molt.class(fresh "Base", { T, twice = function(self) return 2 * self:get() end })
    local o = molt.class(fresh "Sub", { extends = Base })()
    compiles(4000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + o:twice() end
      return sum
    end)
  end)

  compiled("uses an attached trait", function()
    local o = molt.attach(molt.class(fresh "Car", { Tank })(), Heat)
    compiles(2001, function(n)
      o.heat = 1
      for _ = 1, n do o.heat = o.heat + 1 end
      return o.heat
    end)
  end)

  compiled("calls a method that an override replaces, on the object and on the class", function()
    local Car = molt.class(fresh "Car", { Tank, get = function() return 1 end })
    local own, plain = Car(), Car()
    molt.override(Car, "get", function() return 2 end)
    molt.override(own, "get", function() return 3 end)
    compiles(10000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + own:get() + plain:get() end
      return sum
    end)
  end)

  compiled("calls a native leaf method by object", function()
    local o = molt.class(fresh "Gauged", { gauge.Gauge })()
    compiles(20000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + o:value(1) end
      return sum
    end)
  end)

  compiled("calls a native leaf method by view", function()
    local o = molt.class(fresh "Gauged", { gauge.Gauge })()
    local v = molt.as(o, Gauge)
    compiles(20000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + v:value(1) end
      return sum
    end)
  end)

  compiled("calls a native leaf method of an attached trait", function()
    local o = molt.attach(molt.class(fresh "Car", { Tank })(), gauge.Gauge)
    compiles(20000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + o:value(1) end
      return sum
    end)
  end)

  compiled("calls a bound native leaf method", function()
    local o = molt.class(fresh "Gauged", { gauge.Gauge })()
    local value = o.value
    compiles(20000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + value(o, 1) end
      return sum
    end)
  end)

  compiled("reads and writes fields through a view", function()
    local v = molt.as(molt.class(fresh "Car", { Tank })(), Tank)
    compiles(2010, function(n)
      v.fuel = 10
      for _ = 1, n do v.fuel = v.fuel + 1 end
      return v.fuel
    end)
  end)

  compiled("around a native method that is no leaf stays compiled", function()
    local o = molt.class(fresh "Gauged", { gauge.Gauge })()
    local _, sum = watch(false, function(n)
      local total = 0
      for _ = 1, n do total = total + o:poke(0) + 1 end
      return total
    end, 2000)
    assert.equal(2000, sum)
  end)

  compiled("goes through the living, whichever call of molt.each it is", function()
    local Car = molt.class(fresh "Car", { Tank })
    local keep = {}
    for i = 1, 1000 do keep[i] = Car() end
    for _ = 1, 5 do
      local sum = 0
      assert.is_true(has_loop(function()
        for o in molt.each(Car) do sum = sum + o.fuel end
      end))
      assert.equal(10000, sum)
      assert.is_true(has_loop(function()
        for o in molt.each() do sum = sum + (molt.is(o, Car) and o.fuel or 0) end
      end))
      assert.equal(20000, sum)
    end
    assert.equal(1000, #keep)
  end)

  compiled("attaches a trait and detaches it, and destroys what it has made", function()
    local Mark, Car = molt.trait(fresh "Mark", {}), molt.class(fresh "Car", { Tank })
    local list = {}
    for i = 1, 100 do list[i] = Car() end
    local acts = {
      function(o) molt.destroy(molt.detach(molt.attach(o, Mark), Mark) and Car()) end,
      function(o) molt.detach(molt.attach(o, Heat), Heat) end,
    }
    for _, act in ipairs(acts) do
      act(list[1])                                           -- the shape is made
      local function run()
        for i = 1, 5000 do act(list[(i - 1) % 100 + 1]) end
      end
      assert.is_true(has_loop(run))
      expect_end(run)
    end
  end)

  compiled("makes objects", function()
    local Car = molt.class(fresh "Car", { Tank })
    compiles(20000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + Car().fuel end
      return sum
    end)
  end)

  compiled("makes objects that have an init", function()
    local Car = molt.class(fresh "Car", { Tank, init = function(self, fuel) self.fuel = fuel end })
    compiles(2001000, function(n)
      local sum = 0
      for i = 1, n do sum = sum + Car(i).fuel end
      return sum
    end, true)   -- after a collection the constructor sweeps, and its "..." is not compiled there
  end)

  compiled("makes objects of a class without Lua-valued fields", function()
    local Car = molt.class(fresh "Car", { Heat })
    compiles(2000, function(n)
      local sum = 0
      for _ = 1, n do sum = sum + Car().heat end
      return sum
    end)
  end)

  compiled("follows a change of the method in its midst", function()
    local Car = molt.class(fresh "Car", { Tank, get = function() return 1 end })
    local o = Car()
    local aborts, sum = watch(false, function(n)
      local total = 0
      for i = 1, n do
        if i == 1001 then molt.override(Car, "get", function() return 10 end) end
        total = total + o:get()
      end
      return total
    end, 2000)
    assert.equal(1000 + 10000, sum)
    assert.same({}, aborts)
  end)
end)

describe("the compiler's limits", function()
  compiled("are raised for real programs: three hundred classes cause no flush", function()
    local objects = {}
    for i = 1, 300 do
      local Car = molt.class(fresh "Many", { Tank })
      function Car:step() self.fuel = self.fuel + 1 end
      function Car:twice() self:step() self:step() end
      objects[i] = Car()
    end
    local function frame()
      for i = 1, 300 do
        local o = objects[i]
        for _ = 1, 20 do o:twice() end
      end
    end
    for _ = 1, 10 do frame() end
    local events = record(function() for _ = 1, 10 do frame() end end)
    for _, event in ipairs(events) do assert.not_equal("flush", event.what) end
    assert.equal(10 + 20 * 40, objects[300].fuel)
  end)
end)
