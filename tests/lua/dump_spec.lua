-- molt.dump and molt.build: saving and loading objects and what they lead to.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local function copy_of(o) return molt.build(molt.dump(o)) end

-- Only what a serialiser can write.
local function assert_plain(t, seen)
  seen = seen or {}
  assert.is_nil(seen[t], "a table is there twice")
  assert.is_nil(getmetatable(t))
  seen[t] = true
  for k, v in pairs(t) do
    assert.is_true(type(k) == "string" or type(k) == "number")
    if type(v) == "table" then assert_plain(v, seen) else
      assert.is_true(type(v) == "string" or type(v) == "number" or type(v) == "boolean")
    end
  end
end

local A = molt.trait("DumpA", { "double x = 1", "int64_t big", "uint64_t huge", "bool open", "any any" })
local Heat = molt.trait("DumpHeat", { "float heat = 2", "any label" })
local Car = molt.class("DumpCar", { A, hi = function() return "hi" end })

describe("an object that is dumped and built", function()
  it("leaves out a patch whose method has gone", function()
    local C = molt.class(fresh "C", { hum = function() end })
    local o = C()
    molt.override(o, "hum", function() end)
    C.hum = nil
    assert.is_nil(molt.fields(o).hum)
    assert.is_nil(molt.build(molt.dump(o)).hum)
  end)

  it("has its typed and its Lua-valued fields again", function()
    local o = Car { x = 2.5, big = -2 ^ 40, huge = 18446744073709551615ULL, open = true, any = "text", note = 7 }
    local dump = molt.dump(o)
    assert_plain(dump)
    local again = molt.build(dump)
    assert.is_false(rawequal(o, again))
    assert.same({ 2.5, true, "text", 7, "hi" }, { again.x, again.open, again.any, again.note, again:hi() })
    assert.is_true(again.big == o.big and again.huge == o.huge)
  end)

  it("keeps the ends of 64 bits", function()
    local o = Car()
    o.big = -0x7fffffffffffffffLL - 1
    assert.is_true(copy_of(o).big == o.big)
  end)

  it("has what was attached to it, implementations included", function()
    local o = Car()
    molt.attach(o, Heat, { heat = 5, label = "l" })
    assert.same({ 5, "l" }, { copy_of(o).heat, copy_of(o).label })
    local T = molt.trait(fresh "T", { "double f()" })
    local p = Car()
    molt.attach(p, molt.impl(T, { f = function() return 3 end }))
    assert.equal(3, copy_of(p):f())
  end)

  it("runs no constructor", function()
    local made = 0
    local Counted = molt.class(fresh "Counted", { A, init = function() made = made + 1 end })
    copy_of(Counted())
    assert.equal(1, made)
  end)

  it("leaves its overrides behind", function()
    local o = Car()
    molt.override(o, "hi", function() return "mine" end)
    assert.equal("hi", copy_of(o):hi())
  end)

  it("brings along all that it leads to, once each", function()
    local a, b = Car { x = 1 }, Car { x = 2 }
    local shared = { 1, 2 }
    a.any, b.any = { b, shared, shared }, { a = a, [b] = true, t = shared }
    local again = copy_of(a)
    local other = again.any[1]
    assert.equal(again.any[2], again.any[3])
    assert.equal(again, other.any.a)
    assert.is_true(other.any[other])
    assert.equal(again.any[2], other.any.t)
    assert.same({ 1, 2 }, other.any.t)
  end)

  it("may be one of a very long chain", function()
    local first, length = Car(), helper.stress and 300 or 5000
    local last = first
    for _ = 1, length do
      last.any = Car()
      last = last.any
    end
    local at, count = copy_of(first), 0
    while at.any do at, count = at.any, count + 1 end
    assert.equal(length, count)
  end)

  it("names traits and classes", function()
    local o = Car { any = { A, Car } }
    assert.same({ true, true }, { rawequal(copy_of(o).any[1], A), rawequal(copy_of(o).any[2], Car) })
  end)
end)

describe("a dump made before a change of layout", function()
  local function changed(before, fields, after)
    local name = fresh "T"
    local function declare(lines) return molt.trait(name, lines) end
    local C = molt.class(fresh "C", { declare(before) })
    local dump = molt.dump(C(fields))
    helper.collect_all()
    declare(after)
    return dump, C
  end

  it("keeps, widens, adds and drops", function()
    local dump, C = changed({ "int8_t x", "float y", "double gone", "any a" }, { x = 5, y = 0.5, a = "a" },
      { "double y", "int32_t x", "double new = 9", "any a" })
    local o, report = molt.build(dump)
    assert.same({ 5, 0.5, 9, "a" }, { o.x, o.y, o.new, o.a })
    assert.same({ molt.name(C) .. ".gone" }, report.removed)
  end)

  it("is refused where a type has become narrower, and nothing is built", function()
    local dump, C = changed({ "double x" }, { x = 5 }, { "int8_t x" })
    refuses(function() molt.build(dump) end,
      "cannot build: objects[1].fields.x is double, and the field is int8_t now")
    assert.equal(0, molt.count(C))
  end)

  it("is built by migrate where the rules refuse", function()
    local dump = changed({ "double x", "double z" }, { x = 5, z = 6 }, { "int8_t x", "double w" })
    local o = molt.build(dump, function(self, old) self.x, self.w = old.x, old.z end)
    assert.same({ 5, 6 }, { o.x, o.w })
  end)
end)

describe("what cannot be dumped", function()
  it("is a function, named by its field", function()
    local o = Car { note = print }
    refuses(function() molt.dump(o) end, ("cannot dump field 'note' of %s, which is a function"):format(molt.name(o)))
  end)

  it("is a table with a metatable", function()
    local o = Car { note = setmetatable({}, {}) }
    refuses(function() molt.dump(o) end,
      ("cannot dump field 'note' of %s, a table with a metatable"):format(molt.name(o)))
  end)

  it("is what is no object", function()
    refuses(function() molt.dump({}) end, "bad argument #1 to 'dump' (object expected, got table)")
  end)
end)

describe("what cannot be built", function()
  local function broken(change)
    local dump = molt.dump(Car { any = { 1 }, note = "n" })
    change(dump)
    local before = molt.count(Car)
    local ok, err = pcall(molt.build, dump)
    assert.is_false(ok)
    assert.is_true(molt.count(Car) <= before)
    return err.message, err.hint
  end

  it("is no table", function()
    refuses(function() molt.build(5) end, "bad argument #1 to 'build' (table that molt.dump made expected, got number)")
    refuses(function() molt.build({}) end, "cannot build: molt is nil, expected 1")
  end)

  local cases = {
    ["an unknown class"] = { function(d) d.shapes[1].class = "DumpCra" end,
      "cannot build: shapes%[1%].class names the class 'DumpCra', which is not declared", "did you mean 'DumpCar'?" },
    ["a trait for a class"] = { function(d) d.shapes[1].class = "DumpA" end, "names the class 'DumpA', which is a trait" },
    ["an unknown attached trait"] = { function(d) d.shapes[1].attached[1] = { trait = "Nope" } end,
      "shapes%[1%].attached%[1%].trait names the trait 'Nope'" },
    ["an unknown implementation"] = { function(d) d.shapes[1].attached[1] = { trait = "DumpHeat", impl = "Nope" } end,
      "names the implementation 'Nope' of DumpHeat, of which there are 0" },
    ["an object that is not there"] = { function(d) d.objects[1].fields.any = { object = 9 } end,
      "objects%[1%].fields.any refers to 9" },
    ["a hole in a list"] = { function(d) d.objects[5] = d.objects[1] end, "objects has the key 5; it is a list" },
    ["a shape that is not there"] = { function(d) d.objects[1].shape = 3 end, "objects%[1%].shape refers to 3" },
    ["a missing list"] = { function(d) d.tables = nil end, "tables is missing" },
    ["a wrong type"] = { function(d) d.objects[1].fields.x = "text" end, "objects%[1%].fields.x does not fit" },
    ["a bare table"] = { function(d) d.objects[1].fields.any = {} end, "is a table that does not say what it stands for" },
    ["an unknown word"] = { function(d) d.objects[1].fields.any = { objcet = 1 } end, "stands for 'objcet'",
      "did you mean 'object'?" },
    ["a number that is none"] = { function(d) d.objects[1].fields.big = { int64 = "12x" } end, "is no int64: '12x'" },
    ["a method"] = { function(d) d.objects[1].fields.hi = 5 end, "objects%[1%].fields.hi is a method of class 'DumpCar'" },
    ["a key without a value"] = { function(d) d.tables[1][1] = {} end, "tables%[1%]%[1%] has no key" },
  }

  for what, case in pairs(cases) do
    it("has " .. what .. ", and the error says where", function()
      local message, hint = broken(case[1])
      assert.matches(case[2], message)
      if case[3] then assert.equal(case[3], hint) end
    end)
  end

  it("runs no hook", function()
    local ran = 0
    local Hooked = molt.trait("DumpHooked", { attached = function() ran = ran + 1 end })
    local Late = molt.class("DumpLate", { Hooked, A })
    local dump = molt.dump(Late())
    ran = 0
    dump.objects[1].fields.x = "text"
    assert.is_false(pcall(molt.build, dump))
    assert.equal(0, ran)
    dump.objects[1].fields.x = 3
    assert.equal(3, molt.build(dump).x)
    assert.equal(1, ran)
  end)
end)

describe("fields wider than a scalar", function()
  molt.struct("DumpVec", "float x; int64_t big")
  local lines = { "string label", "int16_t list[2]", "DumpVec vec", "DumpWide friend", "private double heat = 1",
    "private string secret" }
  local Wide = molt.trait("DumpWide", lines)
  local Unit = molt.class("DumpUnit", { Wide })

  it("are dumped as plain data and built again", function()
    local o = Unit { label = "l", list = { 3, 4 }, vec = { x = 5, big = 2LL ^ 60 } }
    o.friend = Unit { label = "friend", friend = o }
    molt.as(o, Wide).heat, molt.as(o, Wide).secret = 7, "s"
    local dump = molt.dump(o)
    assert_plain(dump)
    local again = molt.build(dump)
    assert.same({ "l", 3, 4, 5, "friend" }, { again.label, again.list[1], again.list[2], again.vec.x, again.friend.label })
    assert.is_true(again.vec.big == o.vec.big)
    assert.equal(again, again.friend.friend)
    assert.is_nil(again.friend.friend.friend.friend.friend.nothing)
    assert.same({ 7, "s", nil }, { molt.as(again, Wide).heat, molt.as(again, Wide).secret, again.heat })
  end)

  it("go by the rules of a redefinition when the dump is older", function()
    local dump = molt.dump(Unit { label = "l", list = { 3, 4 } })
    molt.trait("DumpWide", { "int32_t list[2]", "string label", "private float cold = 5" })
    local again, report = molt.build(dump)
    assert.same({ "l", 4, 5 }, { again.label, again.list[2], molt.as(again, Wide).cold })
    assert.same({ "DumpUnit.DumpWide.heat", "DumpUnit.DumpWide.secret", "DumpUnit.vec" }, report.removed)
    for unit in molt.each(Unit) do molt.destroy(unit) end
    molt.trait("DumpWide", { "float list[3]", "double label" })
    local ok, err = pcall(molt.build, dump)
    assert.is_false(ok)
    assert.matches("is %S+, and the field is %S+ now", err.message)
    local migrated = molt.build(dump, function(self, old)
      self.list = { old.list[1], old.list[2], 9 }
      self.label = #old.label
    end)
    assert.same({ 3, 9, 1 }, { migrated.list[1], migrated.list[3], migrated.label })
    for unit in molt.each(Unit) do molt.destroy(unit) end
    molt.trait("DumpWide", lines)
  end)

  it("that refer to what does not fit are refused", function()
    local o = Unit()
    o.friend = Unit()
    local dump = molt.dump(o)
    dump.objects[1].fields.friend = { elements = {} }
    assert.is_false((pcall(molt.build, dump)))
    dump.objects[1].fields.friend = { object = 2 }
    dump.shapes[2], dump.objects[2] = { class = "DumpCar", types = {}, attached = {} }, { shape = 2, fields = {} }
    local ok, err = pcall(molt.build, dump)
    assert.is_false(ok)
    assert.matches("field 'friend' takes a reference to 'DumpWide'", err.message)
  end)

  it("that are required and missing are refused", function()
    local name = fresh "Needy"
    local class = fresh "Class"
    local Needy = molt.trait(name, { "double x" })
    local o = molt.class(class, { Needy })()
    local dump = molt.dump(o)
    molt.destroy(o)
    molt.trait(name, { "double x", "required string owner" })
    local ok, err = pcall(molt.build, dump)
    assert.is_false(ok)
    assert.matches("has no value for the required field 'owner'", err.message)
  end)
end)

describe("what was attached under other names", function()
  it("is so again", function()
    local Voice = molt.trait(fresh "Voice", { speak = function() return "hi" end })
    local o = Car()
    molt.attach(o, molt.rename(Voice, { speak = "bark" }))
    local dump = molt.dump(o)
    assert_plain(dump)
    local again = molt.build(dump)
    assert.same({ "hi", nil, true }, { again:bark(), again.speak, molt.is(again, Voice) })
  end)
end)

describe("hooks", function()
  it("run for what is built, and a failing one leaves nothing", function()
    local log, fails = {}, false
    local Hooked = molt.trait(fresh "Hooked", { "double x",
      attached = function(self) log[#log + 1] = self.x if fails then error("no", 0) end end })
    local Class = molt.class(fresh "Class", { Hooked, init = function() log[#log + 1] = "init" end })
    local o = Class()
    o.x = 4
    local dump = molt.dump(o)
    log = {}
    molt.build(dump)
    assert.same({ 4 }, log)
    local before = molt.count(Class)
    fails = true
    assert.is_false((pcall(molt.build, dump)))
    assert.equal(before, molt.count(Class))
  end)
end)
