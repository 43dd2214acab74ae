-- Typed fields: every kind, what it takes and refuses, and that a refusal changes nothing.

local ffi = require "ffi"
local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses
local nan, inf = 0 / 0, math.huge

local Widths = molt.trait("FieldsWidths", {
  "int8_t i8 = 1", "uint8_t u8 = 1", "int16_t i16 = 1", "uint16_t u16 = 1", "int32_t i32 = 1", "uint32_t u32 = 1",
  "int64_t i64 = 1", "uint64_t u64 = 1", "float f32 = 1", "double f64 = 1", "bool flag = true", "any thing",
})
local Holder = molt.class("FieldsHolder", { Widths })
local Attached = molt.class("FieldsAttached")

-- The ways by which a field is written and read: they must agree.
local ways = {
  { "of an object", function() return Holder() end },
  { "through a view", function()
    local o = Holder()
    return molt.as(o, Widths)
  end },
  { "of an attached trait", function() return (molt.attach(Attached(), Widths)) end },
}

local integers = {
  { "i8", "int8_t", -128, 127 }, { "u8", "uint8_t", 0, 255 },
  { "i16", "int16_t", -32768, 32767 }, { "u16", "uint16_t", 0, 65535 },
  { "i32", "int32_t", -2147483648, 2147483647 }, { "u32", "uint32_t", 0, 4294967295 },
}

for _, way in ipairs(ways) do
  describe("a field " .. way[1], function()
    local new = way[2]

    for _, row in ipairs(integers) do
      local name, kind, low, high = row[1], row[2], row[3], row[4]
      local range = ("(%.0f to %.0f)"):format(low, high)

      it(("of type %s holds its whole range"):format(kind), function()
        local o = new()
        for _, n in ipairs { low, high, 0, low + 1, high - 1 } do
          o[name] = n
          assert.equal(n, o[name])
        end
      end)

      it(("of type %s refuses what is outside and keeps the old value"):format(kind), function()
        local o = new()
        o[name] = 7
        for _, n in ipairs { low - 1, high + 1, 1e300, -1e300, inf, -inf, 2 ^ 53 } do
          refuses(function() o[name] = n end, ("number %s is out of range for %s field '%s' %s"):format(
            n == 2 ^ 53 and "9007199254740992" or tostring(n), kind, name, range))
        end
        refuses(function() o[name] = nan end,
          ("number nan is out of range for %s field '%s' %s"):format(kind, name, range))
        assert.equal(7, o[name])
      end)

      it(("of type %s refuses fractions"):format(kind), function()
        local o = new()
        refuses(function() o[name] = 1.5 end,
          ("number 1.5 is not a whole number, as %s field '%s' must be"):format(kind, name))
        assert.equal(1, o[name])
      end)

      it(("of type %s takes 64 bit integers that fit"):format(kind), function()
        local o = new()
        o[name] = 100LL
        assert.equal(100, o[name])
        o[name] = 101ULL
        assert.equal(101, o[name])
        refuses(function() o[name] = -9007199254740993LL end,
          ("number -9007199254740993 is out of range for %s field '%s' %s"):format(kind, name, range))
        assert.equal(101, o[name])
      end)
    end

    it("of type int64_t holds its whole range", function()
      local o = new()
      for _, n in ipairs { -9223372036854775807LL - 1LL, 9223372036854775807LL, 9007199254740993LL, 0LL, -1LL } do
        o.i64 = n
        assert.equal(n, o.i64)
      end
    end)

    it("of type uint64_t holds its whole range", function()
      local o = new()
      for _, n in ipairs { 18446744073709551615ULL, 9223372036854775808ULL, 9007199254740993ULL, 0ULL } do
        o.u64 = n
        assert.equal(n, o.u64)
      end
    end)

    it("of 64 bits takes whole numbers and is read as a 64 bit integer", function()
      local o = new()
      o.i64, o.u64 = -3, 3
      assert.is_true(ffi.istype("int64_t", o.i64))
      assert.is_true(ffi.istype("uint64_t", o.u64))
      assert.same({ -3, 3 }, { tonumber(o.i64), tonumber(o.u64) })
    end)

    it("of 64 bits takes whole numbers up to the ends of its range", function()
      local o = new()
      o.i64, o.u64 = -2 ^ 63, 2 ^ 63
      assert.is_true(o.i64 == -9223372036854775807LL - 1LL)
      assert.is_true(o.u64 == 9223372036854775808ULL)
      o.i64, o.u64 = 2 ^ 60, 2 ^ 64 - 2048
      assert.is_true(o.i64 == 1152921504606846976LL)
      assert.is_true(o.u64 == 18446744073709549568ULL)
    end)

    it("of 64 bits refuses what is outside and keeps the old value", function()
      local o = new()
      local signed, unsigned = "(-9223372036854775808 to 9223372036854775807)", "(0 to 18446744073709551615)"
      refuses(function() o.i64 = 2 ^ 63 end,
        "number 9.223372036854776e+18 is out of range for int64_t field 'i64' " .. signed)
      refuses(function() o.i64 = 9223372036854775808ULL end,
        "number 9223372036854775808 is out of range for int64_t field 'i64' " .. signed)
      refuses(function() o.u64 = -1 end, "number -1 is out of range for uint64_t field 'u64' " .. unsigned)
      refuses(function() o.u64 = -1LL end, "number -1 is out of range for uint64_t field 'u64' " .. unsigned)
      refuses(function() o.u64 = 2 ^ 64 end,
        "number 1.8446744073709552e+19 is out of range for uint64_t field 'u64' " .. unsigned)
      refuses(function() o.u64 = nan end, "number nan is out of range for uint64_t field 'u64' " .. unsigned)
      refuses(function() o.i64 = inf end, "number inf is out of range for int64_t field 'i64' " .. signed)
      assert.is_true(o.i64 == 1LL and o.u64 == 1ULL)
    end)

    it("of type double takes every number", function()
      local o = new()
      for _, n in ipairs { 0, -0, 1e300, -1e-300, inf, -inf, 0.1, 2 ^ 53 + 2 } do
        o.f64 = n
        assert.equal(n, o.f64)
      end
      o.f64 = nan
      assert.is_true(o.f64 ~= o.f64)
    end)

    it("of type double keeps the sign of zero", function()
      local o = new()
      o.f64 = -1 / inf
      assert.equal(-inf, 1 / o.f64)
    end)

    it("of type double takes 64 bit integers that it can hold exactly", function()
      local o = new()
      o.f64 = 9007199254740992LL
      assert.equal(2 ^ 53, o.f64)
      refuses(function() o.f64 = 9007199254740993LL end,
        "number 9007199254740993 cannot be held exactly by double field 'f64'")
      assert.equal(2 ^ 53, o.f64)
    end)

    it("of type float rounds to the nearest it can hold", function()
      local o = new()
      o.f32 = 0.1
      assert.equal(tonumber(ffi.new("float", 0.1)), o.f32)
    end)

    it("of type float takes infinities and NaN", function()
      local o = new()
      o.f32 = inf
      assert.equal(inf, o.f32)
      o.f32 = -inf
      assert.equal(-inf, o.f32)
      o.f32 = nan
      assert.is_true(o.f32 ~= o.f32)
    end)

    it("of type float refuses what would become infinite and keeps the old value", function()
      local o = new()
      local top = 3.4028234663852886e38
      o.f32 = top
      assert.equal(top, o.f32)
      o.f32 = 3.4028235e38
      assert.equal(top, o.f32)
      o.f32 = 1
      for _, n in ipairs { 1e39, -1e39, 3.4028235677973366e38 } do
        local _, err = pcall(function() o.f32 = n end)
        assert.matches("^number %-?[%d.e+]+ is out of range for float field 'f32' ", err.message)
        assert.matches(" (-3.402823e+38 to 3.402823e+38)", err.message, 1, true)
      end
      assert.equal(1, o.f32)
    end)

    it("of type bool takes true and false alone", function()
      local o = new()
      o.flag = false
      assert.is_false(o.flag)
      refuses(function() o.flag = 1 end, "field 'flag' takes a bool, got the number 1")
      refuses(function() o.flag = "true" end, "field 'flag' takes a bool, got string")
      refuses(function() o.flag = nil end, "field 'flag' takes a bool, got nil")
      assert.is_false(o.flag)
    end)

    it("of type any takes every value", function()
      local o = new()
      local t = {}
      for _, v in ipairs { "text", 5, true, false, t, print, 5LL, io.stdout } do
        o.thing = v
        assert.equal(v, o.thing)
      end
      o.thing = nil
      assert.is_nil(o.thing)
    end)

    it("refuses values of other types and keeps the old value", function()
      local o = new()
      for _, row in ipairs { { "i8", "an int8_t" }, { "u16", "a uint16_t" }, { "i64", "an int64_t" }, { "f32",
        "a float" },
        { "f64", "a double" } } do
        local text = ("field '%s' takes %s, got "):format(row[1], row[2])
        local name = row[1]
        refuses(function() o[name] = "12" end, text .. "string")
        refuses(function() o[name] = nil end, text .. "nil")
        refuses(function() o[name] = true end, text .. "boolean")
        refuses(function() o[name] = {} end, text .. "table")
        refuses(function() o[name] = print end, text .. "function")
        refuses(function() o[name] = io.stdout end, text .. "userdata")
        refuses(function() o[name] = ffi.new("char[4]") end, text .. "cdata")
        refuses(function() o[name] = coroutine.create(print) end, text .. "thread")
        assert.equal(1, tonumber(o[name]))
      end
    end)
  end)
end

describe("fields of neighbours", function()
  it("do not touch each other, whatever is written", function()
    local o = Holder()
    local top = { i8 = 127, u8 = 255, i16 = 32767, u16 = 65535, i32 = 2147483647, u32 = 4294967295, f32 = 0.5,
      f64 = 0.25, flag = false }
    for name, value in pairs(top) do o[name] = value end
    o.i64, o.u64 = 9223372036854775807LL, 18446744073709551615ULL
    for name, value in pairs(top) do assert.equal(value, o[name]) end
    assert.is_true(o.i64 == 9223372036854775807LL and o.u64 == 18446744073709551615ULL)
  end)

  it("belong to one object each", function()
    local a, b = Holder(), Holder()
    a.f64, a.i32 = 5, 6
    assert.same({ 1, 1 }, { b.f64, b.i32 })
  end)
end)

describe("a default", function()
  it("may be written in every way that C has", function()
    local o = molt.class(fresh "Defaults", { molt.trait(fresh "Defaults", {
      "int32_t hex = 0x1F", "int8_t negative = -5", "uint8_t char_ = 'A'", "double big = 1e10", "float half = .5f",
      "uint64_t wide = 18446744073709551615u", "bool yes = true", "unsigned int plain = 3;",
    }) })()
    assert.same({ 31, -5, 65, 1e10, 0.5, true, 3 },
      { o.hex, o.negative, o.char_, o.big, o.half, o.yes, o.plain })
    assert.is_true(o.wide == 18446744073709551615ULL)
  end)

  it("is zero when none is given", function()
    local o = molt.class(fresh "Zero", { molt.trait(fresh "Zero", { "int16_t a", "float b", "bool c", "any d",
      "double e" }) })()
    assert.same({ 0, 0, false, nil, 0 }, { o.a, o.b, o.c, o.d, o.e })
  end)

  it("out of the field's range is refused, with the line and the column", function()
    refuses(function() molt.trait("Default_1", { "int8_t gears = 128" }) end,
      "number 128 is out of range for int8_t field 'gears' (-128 to 127)\n  int8_t gears = 128\n                 ^")
  end)
end)

describe("the table of an object", function()
  it("takes fields that nobody declared", function()
    local o = Holder()
    o.label, o[1], o[o] = "a", "b", "c"
    assert.same({ "a", "b", "c" }, { o.label, o[1], o[o] })
  end)

  it("has no other entries than it was given, from the first object of a class on", function()
    local class = molt.class(fresh "Class", { Widths })
    function class.other() return "other" end
    for _ = 1, 6 do
      local o, keys, iterate = class(), {}, next
      o.label = "a"
      for k in iterate, o do keys[k] = true end
      assert.same({ [0] = true, label = true }, keys)
      assert.same({ 1, "other" }, { o.i8, o:other() })
    end
  end)

  it("answers nil for what it has not", function()
    assert.is_nil(Holder().nothing)
  end)

  it("refuses nil and NaN as keys, as every table does", function()
    local o = Holder()
    refuses(function() o[nil] = 1 end, "table index is nil")
    refuses(function() o[nan] = 1 end, "table index is NaN")
  end)

  it("guards its metatable", function()
    assert.equal("object", getmetatable(Holder()))
    assert.has_error(function() setmetatable(Holder(), nil) end)
  end)
end)
