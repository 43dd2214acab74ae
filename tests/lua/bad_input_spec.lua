-- What a hostile or careless program does, and the exact words that answer it.

local ffi = require "ffi"
local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("BadTank", {
  "double fuel = 10", "int8_t gears = 4", "any driver", "double range(double load)", describe = function() end,
})
local Heat = molt.trait("BadHeat", { "double heat = 1" })
local Car = molt.class("BadCar", { Tank, range = function(self, load) return self.fuel * load end })
local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))

describe("a declaration", function()
  -- The line as given, the message, and below the line a mark at the column.
  local function refused(line, message, column, hint)
    refuses(function() molt.trait("BadDeclaration", { line }) end,
      ("%s\n  %s\n  %s^"):format(message, line, (" "):rep(column - 1)), hint)
  end

  it("with an unknown type is quoted, with the column and a near one", function()
    refused("dubble fuel", "expected a type such as 'double', found 'dubble'", 1, "did you mean 'double'?")
    refused("double range(flaot load)", "expected a type such as 'float', found 'flaot'", 14, "did you mean 'float'?")
  end)

  it("without a type is quoted", function()
    refused("fuel", "expected a type before 'fuel', such as double", 1)
    refused("= 5", "expected a type, found '='", 1)
  end)

  it("without a name is quoted", function()
    refused("double", "expected the name of a field or method, found the end of the line", 7)
    refused("double = 5", "expected the name of a field or method, found '='", 8)
    refused("double 5", "expected the name of a field or method, found '5'", 8)
  end)

  it("with a malformed default is quoted", function()
    refused("double fuel = ", "expected a number, true, false or a character, found the end of the line", 15)
    refused("double fuel = ten", "expected a number, true, false or a character, found 'ten'", 15)
    refused("int8_t gears = 1000", "number 1000 is out of range for int8_t field 'gears' (-128 to 127)", 16)
    refused("int8_t gears = 1.5", "number 1.5 is not a whole number, as int8_t field 'gears' must be", 16)
    refused("double fuel = 10 20", "expected ';' or the end of the line behind the default, found '20'", 18)
  end)

  it("with malformed parameters is quoted", function()
    refused("double range(", "expected a type, found the end of the line", 14)
    refused("double range(double load", "expected ',' or ')' behind the parameter, found the end of the line", 25)
    refused("double range(double load,)", "expected a type, found ')'", 26)
    refused("double range(double a, double a)", "expected another name: two parameters are called 'a'", 31)
    refused("double range(double, int)) extra", "expected ';' or the end of the line, found ')'", 26)
  end)

  it("of a kind that is not supported says so", function()
    for line, row in pairs {
      ["double *fuel"] = { "pointers", 8 }, ["void f(float pos[3])"] = { "arrays", 17 },
      ["void f(string s)"] = { "strings", 8 },
      ["struct point p"] = { "struct types", 1 }, ["long double x"] = { "numbers of type long double", 6 },
    } do
      local _, err = pcall(molt.trait, "BadDeclaration", { line })
      assert.matches("not supported", err.message, 1, true)
      assert.matches(row[1], err.message, 1, true)
      assert.matches("\n  " .. line .. "\n", err.message, 1, true)
    end
  end)

  it("with any where it cannot be says so", function()
    local _, err = pcall(molt.trait, "BadDeclaration", { "void give(any thing)" })
    assert.matches("any is for fields, not for parameters", err.message, 1, true)
    _, err = pcall(molt.trait, "BadDeclaration", { "any give()" })
    assert.matches("any is for fields, not for results", err.message, 1, true)
    _, err = pcall(molt.trait, "BadDeclaration", { "any thing = 5" })
    assert.matches("takes no default", err.message, 1, true)
    _, err = pcall(molt.trait, "BadDeclaration", { "void nothing" })
    assert.matches("a field cannot be void", err.message, 1, true)
  end)

  it("with a keyword or a name of the library's as a name says so", function()
    refused("double end", "expected a name, found 'end', which is a keyword of Lua", 8)
    refused("double int", "expected a name behind the type, found 'int'", 8)
    refused("double molt_slot",
      "expected a name, found 'molt_slot', but names that begin with 'molt_' are the library's", 8)
  end)

  it("that is empty, huge or binary is refused and harmless", function()
    for _, line in ipairs { "", "   ", "\0", "double \0fuel", ("x"):rep(100000), "double " .. ("x"):rep(5000),
      "double fuel = " .. ("9"):rep(400), "\255\254", "double fuel = 'ab'", "/* never closed",
        "double f(" .. ("int a,"):rep(99) } do
      local ok, err = pcall(molt.trait, "BadDeclaration", { line })
      assert.is_false(ok)
      assert.equal("declaration", err.code)
    end
    assert.is_nil((molt.find("BadDeclaration")))
  end)
end)

describe("a name", function()
  it("that is no name is refused", function()
    for _, verb in ipairs { "trait", "class" } do
      local declare = molt[verb]
      local expected = ("bad argument #1 to '%s' "):format(verb)
      refuses(function() declare() end, expected .. "(name expected, got nil)")
      refuses(function() declare(5) end, expected .. "(name expected, got number)")
      refuses(function() declare({}) end, expected .. "(name expected, got table)")
      refuses(function() declare("") end,
        expected .. '(a name expected, got "")', "a name is letters, digits and underscores")
      refuses(function() declare("a b") end, expected .. '(a name expected, got "a b")')
      refuses(function() declare("5a") end, expected .. '(a name expected, got "5a")')
      refuses(function() declare("a\0b") end, expected .. '(a name expected, got "a\\0b")')
    end
  end)

  it("that is unknown is answered by a near one", function()
    local o = Car()
    assert.equal("did you mean 'BadTank'?", select(2, molt.find("BadTnak")).hint)
    refuses(function() molt.override(o, "ragne", print) end, molt.name(o) .. " has no method 'ragne'",
      "did you mean 'range'?")
    refuses(function() return gauge.Digitl .. "" end,
      "module 'gauge' has no implementation 'Digitl'; it has Gauge, Digital, Partial", "did you mean 'Digital'?")
  end)
end)

describe("an argument", function()
  it("that is wrong is blamed on the line that gave it, through any depth of functions", function()
    local o = Car()
    local function deep(n)
      if n > 0 then
        local result = deep(n - 1)
        return result
      end
      o.fuel = "x"
    end
    local _, err = pcall(deep, 5)
    assert.equal(("tests/lua/bad_input_spec.lua:%d: "):format(debug.getinfo(deep, "S").linedefined + 5), err.where)
  end)

  it("that is wrong is blamed on a method's line when the method gives it", function()
    local Bad = molt.class(fresh "Bad", { Tank, range = function() return 0 end })
    function Bad:fill() self.fuel = "x" end
    local line = debug.getinfo(Bad.fill, "S").linedefined
    local _, err = pcall(function() Bad():fill() end)
    assert.equal(("tests/lua/bad_input_spec.lua:%d: "):format(line), err.where)
  end)

  it("that is wrong makes an error with code, message, hint and text", function()
    local o = Car()
    local _, err = pcall(function() molt.override(o, "ragne", print) end)
    assert.same({ "unknown", molt.name(o) .. " has no method 'ragne'", "did you mean 'range'?" },
      { err.code, err.message, err.hint })
    assert.equal(err.where .. err.message .. "\n  hint: " .. err.hint, tostring(err))
    assert.equal("got: " .. tostring(err), "got: " .. err)
  end)

  it("may be anything at all for any verb, which refuses it or does its work", function()
    local values = { false, true, 0, -1, 0.5, 0 / 0, math.huge, 2 ^ 53, "", "x", ("x"):rep(10000), {}, { {} }, print,
      coroutine.create(print), io.stdout, 5LL, ffi.new("int[2]"), Tank, Car, molt.impl(Tank), gauge, Car(),
      molt.as(Car(), Tank), newproxy(true), { [0] = 5 } }
    values[0] = nil
    local verbs = {}
    for name, verb in pairs(molt) do
      if type(verb) == "function" and name ~= "on" and name ~= "load" then verbs[#verbs + 1] = name end
    end
    table.sort(verbs)
    for _, name in ipairs(verbs) do
      for i = 0, #values do
        for j = 0, #values, helper.stress and 13 or 1 do
          -- Verbs that change what later tests use get objects of their own.
          local a, b = values[i], values[j]
          if molt.alive(a) then a = Car() end
          local ok, err = pcall(molt[name], a, b, values[(i + j) % #values])
          assert.is_true(ok or type(err) == "table" and err.code ~= nil,
            ("%s(%s, %s): %s"):format(name, tostring(a), tostring(b), tostring(err)))
        end
      end
    end
    assert.equal(20, Car():range(2))
  end)
end)

describe("a wrong self", function()
  it("of a Lua method is what the method makes of it, as everywhere in Lua", function()
    local o = Car()
    local ok, err = pcall(function() return o.range(5) end)
    assert.is_false(ok)
    assert.matches("^tests/lua/bad_input_spec.lua:%d+: attempt to index local 'self' %(a number value%)", err)
  end)

  it("of a native method is refused, blamed on the caller", function()
    local o = molt.class(fresh "Gauged", { gauge.Gauge })()
    refuses(function() o.value(5) end, "bad argument #1 to 'value' (object expected, got number)")
    refuses(function() o.value() end, "bad argument #1 to 'value' (object expected, got nil)")
    refuses(function() o.poke() end, "bad argument #1 to 'poke' (object expected, got no value)")
  end)

  it("that is an object of another class is refused when it lacks the trait", function()
    local o, other = molt.class(fresh "Gauged", { gauge.Gauge })(), Car()
    refuses(function() o.value(other, 1) end,
      molt.name(other) .. " has no trait 'Gauge', which method 'value' belongs to")
  end)

  it("that is a view of another trait of the object serves", function()
    local o = molt.attach(molt.class(fresh "Gauged", { gauge.Gauge })(), Heat)
    assert.equal(20, o.value(molt.as(o, Heat), 2))
  end)

  it("that is a view of an object without the trait is refused", function()
    local o, other = molt.class(fresh "Gauged", { gauge.Gauge })(), Car()
    refuses(function() o.value(molt.as(other, Tank), 1) end,
      molt.name(other) .. " has no trait 'Gauge', which method 'value' belongs to")
  end)

  it("that is an object from which the trait was detached is refused", function()
    local o = molt.attach(Car(), gauge.Gauge)
    local value, poke = o.value, o.poke
    molt.detach(o, molt.find("Gauge"))
    for name, method in pairs { value = value, poke = poke } do
      refuses(function() method(o, 1) end,
        ("%s has no trait 'Gauge', which method '%s' belongs to"):format(molt.name(o), name))
    end
  end)
end)

describe("the body slot [0]", function()
  local Gauged = molt.class("BadGauged", { gauge.Gauge })

  -- Every use of an object whose [0] holds something else raises, and nothing crashes.
  local function every_use_raises(o, what)
    local message = ("the body slot [0] of this object was overwritten: %s (at field '%%s')"):format(what)
    refuses(function() return o.level + 1 end, message:format("level"))
    refuses(function() o.level = 1 end, message:format("level"))
    assert.has_error(function() return o:value(1) end)
    assert.has_error(function() return o:poke(1) end)
    for _, verb in ipairs { "detach", "as", "destroy", "clone", "class_of", "fields", "methods", "traits_of",
      "override", "restore", "attach", "name" } do
      local ok, err = pcall(function()
        local result = molt[verb](o, verb ~= "restore" and Heat or nil)
        return result
      end)
      assert.is_false(ok, verb)
      assert.equal("body", err.code, verb)
    end
    assert.is_false(molt.alive(o))
    assert.is_false(molt.is(o, Gauged))
    assert.equal("an object whose body slot [0] was overwritten", tostring(o))
  end

  it("overwritten by a value of any type is an error at the next use", function()
    local thread = coroutine.create(print)
    for _, row in ipairs {
      { 2 ^ 40, "it holds a number" }, { "x", "it holds a string" }, { true, "it holds a boolean" }, { {},
        "it holds a table" },
      { print, "it holds a function" }, { thread, "it holds a thread" }, { io.stdout, "it holds a userdata" },
      { Car, "it holds a table" },
    } do
      local o = Gauged()
      o[0] = row[1]
      every_use_raises(o, row[2])
    end
  end)

  it("set to nil is an error at the next use", function()
    local o = Gauged()
    o[0] = nil
    every_use_raises(o, "it is gone")
  end)

  it("overwritten by another object's slot is an error at the next use, and the other is well", function()
    local o, other = Gauged(), Gauged()
    o[0] = other[0]
    every_use_raises(o, "it holds another object's slot")
    other.level = 3
    assert.equal(6, other:value(2))
  end)

  it("overwritten by the slot of an object of another class is an error at the next use", function()
    local o, other = Gauged(), Car()
    o[0] = other[0]
    every_use_raises(o, "it holds another object's slot")
    assert.equal(10, other.fuel)
  end)

  it("overwritten by the slot of a destroyed object is an error at the next use", function()
    local o, other = Gauged(), Gauged()
    local slot = other[0]
    molt.destroy(other)
    o[0] = slot
    every_use_raises(o, "it holds a number")
  end)

  it("overwritten by other cdata is an error at the next use", function()
    for _, value in ipairs { 5LL, ffi.new("int[4]"), ffi.new("char *"), ffi.cast("void *", 16),
      ffi.new("molt_object *") } do
      local o = Gauged()
      o[0] = value
      assert.has_error(function() return o.level end)
      assert.has_error(function() return o:value(1) end)
      assert.has_error(function() molt.destroy(o) end)
    end
  end)

  it("of a plain table does not make it an object", function()
    local o = Gauged()
    local fake = setmetatable({ [0] = o[0] }, debug.getmetatable(o))
    assert.has_error(function() return fake.level end)
    assert.has_error(function() return o.value(fake, 1) end)
    assert.is_false(molt.alive(fake))
    assert.has_error(function() molt.destroy(fake) end)
    assert.equal(10, o.level)
  end)

  it("copied by a generic deep copy is an error at the next use of the copy", function()
    local o = Gauged { level = 3 }
    local copy = {}
    for k, v in next, o do copy[k] = v end
    debug.setmetatable(copy, debug.getmetatable(o))
    refuses(function() copy.level = 1 end,
      "the body slot [0] of this object was overwritten: it holds another object's slot (at field 'level')")
    assert.equal(3, o.level)
  end)

  it("overwritten in the middle of a hot loop is an error in that very turn", function()
    local o = Gauged()
    local turns = 0
    local ok, err = pcall(function()
      for i = 1, 1000 do
        if i == 500 then o[0] = -1 end
        o.level = o.level + 1
        turns = turns + 1
      end
    end)
    assert.is_false(ok)
    assert.equal("body", err.code)
    assert.equal(499, turns)
  end)

  it("overwritten leaves a body that is released once its table has died", function()
    local Own = molt.class(fresh "Own", { Heat })
    for _ = 1, 100 do
      local o = Own()
      o[0] = nil
    end
    helper.collect_all()
    assert.equal(0, molt.count(Own))
  end)
end)

describe("an error in a callback", function()
  it("in a method called inside a loop over the living ends that loop alone", function()
    local Faulty = molt.class(fresh "Faulty", { Heat, fail = function() error("no", 0) end })
    local list = { Faulty(), Faulty() }
    local ok, err = pcall(function() for o in molt.each(Faulty) do o:fail() end end)
    assert.same({ false, "no" }, { ok, err })
    assert.equal(#list, molt.count(Faulty))
  end)

  it("in a Lua method that C calls comes out of the C call as it was raised", function()
    local reason = {}
    local o = molt.class(fresh "Gauged", { gauge.Gauge })()
    molt.override(o, "value", function() error(reason) end)
    local ok, err = pcall(function() return o:both(1) end)
    assert.is_false(ok)
    assert.equal(reason, err)
    molt.restore(o)
    assert.is_number(o:both(1))
  end)

  it("in a finalizer that uses objects does no harm", function()
    local kept = Car()
    local ran = 0
    for i = 1, 50 do
      local o = Car { fuel = i }
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = function()
        ran = ran + 1
        o.fuel = o.fuel + 1
        molt.attach(o, Heat)
        Car { fuel = 1 }
        molt.destroy(o)
        kept.fuel = kept.fuel + 1
      end
    end
    for _ = 1, 5 do
      for _ = 1, 200 do Car() end
      collectgarbage()
    end
    assert.equal(50, ran)
    assert.equal(60, kept.fuel)
  end)

  -- In a program of its own, since the error comes out wherever the collector
  -- happens to run; interpreted, since LuaJIT itself, without molt, crashes when a
  -- finalizer raises in compiled code that makes cdata.
  it("in a finalizer that raises does no harm", function()
    local output, status = helper.run [[
      jit.off()
      local molt = require "molt"
      local Car = molt.class("Car", { molt.trait("Vehicle", { "double fuel = 10" }) })
      local made, ran = 0, 0
      local function leave_one()
        local o, proxy = Car(), newproxy(true)
        getmetatable(proxy).__gc = function()
          ran = ran + 1
          return o.fuel.nonsense.more
        end
      end
      local function make() if Car().fuel == 10 then made = made + 1 end end
      for _ = 1, 20 do pcall(leave_one) end
      for _ = 1, 2000 do pcall(make) end
      for _ = 1, 60 do pcall(collectgarbage) end
      print(ran, made > 1900, Car().fuel)
    ]]
    assert.equal(0, status)
    assert.equal("20\ttrue\t10\n", output)
  end)
end)

describe("the end of the program", function()
  it("lets finalizers that are older than the world find it closed", function()
    local output, status = helper.run [[
local old = newproxy(true)
local keep = {}
getmetatable(old).__gc = function()
  local molt, results = keep.molt, {}
  local function try(name, fn)
    local ok, err = pcall(fn)
    results[#results + 1] = name .. "=" .. (ok and
      "ok" or tostring(err):match("closed") or tostring(err):match("destroyed") or tostring(err))
  end
  try("field", function() return keep.o.fuel end)
  try("method", function() return keep.o:range() end)
  try("make", function() return keep.Car() end)
  try("destroy", function() molt.destroy(keep.o) end)
  try("attach", function() molt.attach(keep.o, keep.T) end)
  try("each", function() for _ in molt.each(keep.Car) do error("visited") end end)
  try("count", function() assert(molt.count(keep.Car) == 0) end)
  try("traits", function() return molt.traits_of(keep.Car) end)
  try("fields", function() return molt.fields(keep.Car) end)
  try("methods", function() return molt.methods(keep.Car) end)
  try("class", function() return molt.class("Other") end)
  try("trait", function() return molt.trait("Other") end)
  try("impl", function() return molt.missing(keep.Impl) end)
  try("define", function() function keep.Car:more() end end)
  try("use", function() molt.use(keep.Car, keep.Impl) end)
  try("tick", function() molt.tick() end)
  try("find", function() return molt.find("Car") end)
  try("view", function() return keep.v.fuel end)
  try("name", function() return molt.name(keep.Car) end)
  try("load", function() assert(molt.load("timer")) end)
  try("print", function() return tostring(keep.o) .. tostring(keep.Car) .. tostring(keep.T) .. tostring(keep.Impl) end)
  print(table.concat(results, " "))
end
local molt = require "molt"
keep.molt = molt
keep.T = molt.trait("T", { "double fuel = 1", "double range()" })
keep.Impl = molt.impl(keep.T, { range = function() return 1 end })
keep.Car = molt.class("Car", { keep.Impl })
keep.o = keep.Car()
keep.v = molt.as(keep.o, keep.T)
keep.old = old
_G.keep = keep
]]
    assert.equal(0, status, output)
    assert.matches("field=destroyed method=destroyed make=closed destroy=destroyed", output, 1, true)
    assert.matches("tick=closed", output, 1, true)
    for name, result in output:gmatch("(%w+)=(%w+)") do
      local fine = result == "closed" or result == "destroyed" or result == "ok"
      assert.is_true(fine, name .. ": " .. output)
    end
  end)

  it("may come while objects, views, loops and coroutines are in use", function()
    local output, status = helper.run [[
local molt = require "molt"
local T = molt.trait("T", { "double fuel = 1" })
local Car = molt.class("Car", { T })
keep = {}
for i = 1, 100 do keep[i] = molt.as(molt.attach(Car(), molt.trait("H" .. i, { "double h" .. i })), T) end
step = molt.each(Car)
step()
thread = coroutine.create(function() local o = Car() coroutine.yield() return o end)
coroutine.resume(thread)
print "fine"
os.exit(0, true)
]]
    assert.same({ "fine\n", 0 }, { output, status })
  end)
end)
