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

  for what, case in pairs {
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
  } do
    it("has " .. what .. ", and the error says where", function()
      local message, hint = broken(case[1])
      assert.matches(case[2], message)
      if case[3] then assert.equal(case[3], hint) end
    end)
  end
end)
