-- Fields wider than a scalar: strings, references, arrays, structs; private and required ones.

local molt = require "molt"
local helper = require "helper"

local refuses, fresh = helper.refuses, helper.fresh

molt.struct("SpecVec2", "float x; double y; bool on")

local Base = molt.trait("WideBase", {
  "float pos[3] = {0, 1, 0}", "int64_t big[2]", "bool bits[2]", "SpecVec2 at = {1, 2.5}",
  "string name = \"nobody\"", "WideBase target", "object other",
})
local Unit = molt.class("WideUnit", { Base })

describe("a string field", function()
  it("starts with its default and takes any bytes", function()
    local unit = Unit {}
    assert.equal("nobody", unit.name)
    unit.name = "a\0b"
    assert.equal("a\0b", unit.name)
    unit.name = ""
    assert.equal("", unit.name)
    unit.name = ("x"):rep(100000)
    assert.equal(100000, #unit.name)
    assert.equal("nobody", Unit {}.name)
  end)

  it("refuses what is no string and keeps the old one", function()
    local unit = Unit { name = "Ada" }
    refuses(function() unit.name = 5 end, "field 'name' takes a 'string', got number")
    refuses(function() unit.name = nil end, "field 'name' takes a 'string', got nil")
    assert.equal("Ada", unit.name)
  end)

  it("is independent of its object's other strings and of its clones", function()
    local unit = Unit { name = "Ada" }
    local copy = molt.clone(unit)
    unit.name = "Bob"
    assert.equal("Ada", copy.name)
  end)

  it("survives a finalizer that sets it anew while it is read", function()
    local unit = Unit { name = "first" }
    local seen = {}
    for i = 1, 3 do
      local sentinel = newproxy(true)
      getmetatable(sentinel).__gc = function() unit.name = "set by a finalizer" end
      sentinel = nil -- luacheck: ignore
      seen[i] = helper.collect_always(function() return unit.name end)
    end
    for i = 1, 3 do assert.is_truthy(seen[i] == "first" or seen[i] == "set by a finalizer") end
  end)

  it("of a destroyed object raises", function()
    local unit = Unit {}
    molt.destroy(unit)
    assert.has_error(function() return unit.name end)
    assert.has_error(function() unit.name = "x" end)
  end)
end)

describe("an array field", function()
  it("is read and written by element", function()
    local unit = Unit {}
    unit.pos[3] = 7.5
    assert.same({ 0, 1, 7.5 }, { unit.pos[1], unit.pos[2], unit.pos[3] })
    assert.equal(3, #unit.pos)
    assert.equal("float[3] {0, 1, 7.5}", tostring(unit.pos))
    assert.equal(unit.pos, unit.pos)
  end)

  it("refuses indices that it has not", function()
    local unit = Unit {}
    refuses(function() unit.pos[4] = 1 end, "index 4 is out of range for field 'pos' (1 to 3)")
    refuses(function() return unit.pos[0] end, "index 0 is out of range for field 'pos' (1 to 3)")
    refuses(function() return unit.pos[-1] end, "index -1 is out of range for field 'pos' (1 to 3)")
    refuses(function() return unit.pos[1.5] end, "index 1.5 is out of range for field 'pos' (1 to 3)")
    refuses(function() return unit.pos[0 / 0] end, ("index %s is out of range for field 'pos' (1 to 3)"):format(0 / 0))
    refuses(function() return unit.pos.x end, "field 'pos' is an array, whose indices are numbers, got string")
    assert.equal("int64_t[2] {0LL, 0LL}", tostring(unit.big))
  end)

  it("refuses elements of another type or range", function()
    local unit = Unit {}
    refuses(function() unit.pos[1] = "x" end, "element 1 of field 'pos' takes a float, got string")
    refuses(function() unit.bits[1] = 1 end, "element 1 of field 'bits' takes a bool, got the number 1")
    refuses(function() unit.big[2] = 0.5 end,
      "number 0.5 is not a whole number, as int64_t element 2 of field 'big' must be")
    unit.big[2] = -5
    assert.equal(-5LL, unit.big[2])
    unit.bits[2] = true
    assert.is_true(unit.bits[2])
  end)

  it("takes a whole table or nothing of it", function()
    local unit = Unit { pos = { 1, 2, 3 } }
    refuses(function() unit.pos = { 4, 5 } end, "field 'pos' has 3 elements, got 2")
    refuses(function() unit.pos = { 4, 5, 6, 7 } end, "field 'pos' has 3 elements, got 4")
    refuses(function() unit.pos = { 4, 5, "x" } end, "element 3 of field 'pos' takes a float, got string")
    refuses(function() unit.pos = 5 end, "field 'pos' takes a table for 'float[3]', got number")
    assert.equal("float[3] {1, 2, 3}", tostring(unit.pos))
    unit.pos = Unit {}.pos
    assert.equal("float[3] {0, 1, 0}", tostring(unit.pos))
  end)

  it("is gone through by a call", function()
    local unit, sum = Unit { pos = { 1, 2, 3 } }, 0
    for i, x in unit.pos() do sum = sum + i * x end
    assert.equal(14, sum)
  end)

  it("is fast enough to be compiled", function()
    local unit = Unit {}
    for i = 1, 1000 do
      unit.pos[1] = unit.pos[1] + 1
      unit.at.y = unit.at.y + unit.pos[i % 3 + 1]
    end
    assert.equal(1000, unit.pos[1])
  end)
end)

describe("a struct field", function()
  it("is read and written by member", function()
    local unit = Unit {}
    unit.at.x, unit.at.on = 9, true
    assert.same({ 9, 2.5, true }, { unit.at.x, unit.at.y, unit.at.on })
    assert.equal("SpecVec2 {x = 9, y = 2.5, on = true}", tostring(unit.at))
    refuses(function() return unit.at.xx end, "field 'at' is a 'SpecVec2', which has no 'xx'")
    refuses(function() unit.at[1] = 5 end, "field 'at' is a 'SpecVec2', which has no '1'")
    refuses(function() unit.at.x = "5" end, "member 'x' of field 'at' takes a float, got string")
  end)

  it("takes a whole table or nothing of it", function()
    local unit = Unit {}
    unit.at = { x = 3, y = 4, on = true }
    refuses(function() unit.at = { x = 5, y = 6 } end, "member 'on' of field 'at' takes a bool, got nil")
    refuses(function() unit.at = { x = 5, y = 6, no = true } end, "field 'at' is a 'SpecVec2', which has no 'no'")
    assert.equal("SpecVec2 {x = 3, y = 4, on = true}", tostring(unit.at))
  end)

  it("needs a type that is registered, once and for ever the same", function()
    molt.struct("SpecVec2", "float x; double y; bool on;")
    refuses(function() molt.struct("SpecVec2", "float x") end, ("struct 'SpecVec2' is declared unequally: "
      .. "{ float x; double y; bool on } at tests/lua/wide_spec.lua:8, { float x } at tests/lua/wide_spec.lua:%d"):format(
      debug.getinfo(1, "l").currentline - 2))
    assert.has_error(function() molt.struct("Bad", "string s") end)
    assert.has_error(function() molt.struct("Bad", "") end)
    assert.has_error(function() molt.struct("Bad") end)
    assert.has_error(function() molt.struct("WideBase", "float x") end)
    local _, err = pcall(molt.trait, fresh "T", { "SpecVec3 at" })
    assert.equal("did you mean 'SpecVec2'?", err.hint)
  end)
end)

describe("a proxy", function()
  local Extra = molt.trait("WideExtra", { "float spot[2]" })

  it("keeps its object alive", function()
    local pos = Unit { name = "kept" }.pos
    helper.collect_all()
    assert.equal(1, pos[2])
  end)

  it("raises once its object is destroyed", function()
    local unit = Unit {}
    local pos, at = unit.pos, unit.at
    molt.destroy(unit)
    Unit {}.pos = { 7, 7, 7 }
    for _, use in ipairs { function() return pos[1] end, function() pos[1] = 1 end, function() return at.x end } do
      local _, err = pcall(use)
      assert.equal("stale", err.code)
    end
    assert.equal("stale float[3] pos", tostring(pos))
  end)

  it("raises once its trait is detached, and stays stale when it comes back", function()
    local unit = Unit {}
    molt.attach(unit, Extra, { spot = { 1, 2 } })
    local spot = unit.spot
    assert.equal(2, spot[2])
    molt.detach(unit, Extra)
    assert.is_false((pcall(function() return spot[1] end)))
    molt.attach(unit, Extra)
    assert.is_false((pcall(function() return spot[1] end)))
    assert.equal(0, unit.spot[1])
  end)

  it("follows a change of layout while its trait stays, and raises when it goes", function()
    local Class = molt.class(fresh "Class", { Base })
    local unit = Class { pos = { 1, 2, 3 }, name = "Ada" }
    local pos = unit.pos
    molt.use(Class, Extra)
    local spot = unit.spot
    pos[1] = 5
    assert.equal(5, unit.pos[1])
    assert.equal("Ada", unit.name)
    molt.drop(Class, Extra)
    assert.is_false((pcall(function() return spot[1] end)))
    assert.equal(5, pos[1])
    assert.equal("Ada", unit.name)
  end)

  it("is stale, and no other's memory, when a finalizer ends its object in the middle", function()
    for _ = 1, 3 do
      local unit = Unit {}
      local pos, sentinel = unit.pos, newproxy(true)
      getmetatable(sentinel).__gc = function() if molt.alive(unit) then molt.destroy(unit) end end
      sentinel = nil -- luacheck: ignore
      local ok, value = helper.collect_always(pcall, function() return pos[2] end)
      assert.is_true(ok and value == 1 or not ok and value.code == "stale")
    end
  end)

  it("says what it is where something else is wanted", function()
    local unit = Unit {}
    refuses(function() molt.name(unit.pos) end,
      "bad argument #1 to 'name' (object, trait, class, implementation or module expected, got array)")
  end)
end)

describe("a reference field", function()
  it("holds an object of its trait, or of any", function()
    local a, b = Unit {}, Unit {}
    assert.is_nil(a.target)
    a.target = b
    assert.equal(b, a.target)
    a.target = molt.as(a, Base)
    assert.equal(a, a.target)
    a.target = nil
    assert.is_nil(a.target)
    a.other = molt.class(fresh "Class", {}) {}
    assert.is_truthy(a.other)
  end)

  it("refuses anything else", function()
    local unit = Unit {}
    local other = molt.class("WideOther", {}) {}
    refuses(function() unit.target = other end,
      ("field 'target' takes a reference to 'WideBase', which %s is not"):format(molt.name(other)))
    refuses(function() unit.target = 5 end, "field 'target' takes a reference to 'WideBase', got number")
    refuses(function() unit.target = {} end, "field 'target' takes an object, got a table that is not an object")
    local gone = Unit {}
    molt.destroy(gone)
    assert.is_false((pcall(function() unit.target = gone end)))
    assert.is_nil(unit.target)
  end)

  it("keeps its target alive, and reads as nil when that was destroyed", function()
    local unit = Unit { target = Unit { name = "target" } }
    helper.collect_all()
    assert.equal("target", unit.target.name)
    molt.destroy(unit.target)
    assert.is_nil(unit.target)
  end)

  it("lets cycles be collected", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local a, b = Unit {}, Unit {}
      a.target, b.target = b, a
      weak[a], weak[b] = true, true
    end
    helper.collect_all()
    assert.is_nil(next(weak))
  end)

  it("lets the target go when another takes its place, or the trait goes", function()
    local weak = setmetatable({}, { __mode = "k" })
    local Link = molt.trait(fresh "Link", { "object goal" })
    local unit = Unit {}
    molt.attach(unit, Link)
    unit.target, unit.goal = Unit {}, Unit {}
    weak[unit.target], weak[unit.goal] = true, true
    unit.target = nil
    molt.detach(unit, Link)
    helper.collect_all()
    assert.is_nil(next(weak))
    local keys = {}
    for k in next, unit do keys[#keys + 1] = k end
    assert.same({ 0 }, keys)
  end)

  it("may name a trait or class that is declared later", function()
    local later = fresh "Later"
    local T = molt.trait(fresh "T", { ("MOLT_REF(%s) next"):format(later) })
    local o = molt.class(fresh "C", { T }) {}
    refuses(function() o.next = o end, ("field 'next' refers to '%s', but there is no such trait or class"):format(later))
    local Later = molt.class(later, {})
    o.next = Later {}
    assert.equal(Later, molt.class_of(o.next))
    assert.equal(later, molt.fields(o).next.type)
  end)
end)

describe("wide fields", function()
  it("are listed with their values, those of classes with their defaults", function()
    local unit = Unit {}
    local fields = molt.fields(unit)
    assert.equal("float[3]", fields.pos.type)
    assert.equal(unit.pos, fields.pos.value)
    assert.equal("nobody", fields.name.value)
    assert.equal("WideBase", fields.target.type)
    assert.same({ 0, 1, 0 }, molt.fields(Unit).pos.value)
    assert.same({ x = 1, y = 2.5, on = false }, molt.fields(Base).at.value)
  end)

  it("are cloned", function()
    local unit = Unit { pos = { 1, 2, 3 }, at = { x = 1, y = 2, on = true } }
    unit.target = unit
    local copy = molt.clone(unit)
    unit.pos[1], unit.at.x = 9, 9
    assert.equal(1, copy.pos[1])
    assert.equal(1, copy.at.x)
    assert.equal(unit, copy.target)
  end)

  it("adopt raw keys and give them back as values of their own", function()
    local plain = molt.class(fresh "Class", {}) { name = "raw", pos = { 4, 5, 6 } }
    molt.attach(plain, Base)
    assert.equal(5, plain.pos[2])
    plain.pos[2], plain.name = 7, "new"
    molt.detach(plain, Base)
    assert.same({ 4, 7, 6 }, rawget(plain, "pos"))
    assert.equal("new", rawget(plain, "name"))
    plain.pos = { 1 }
    local err = refuses(function() molt.attach(plain, Base) end,
      "cannot attach 'WideBase': field 'pos' has 3 elements, got 1")
    assert.equal("range", err.code)
    assert.is_false(molt.is(plain, Base))
  end)

  it("are given at attach, all or nothing", function()
    local o = molt.class(fresh "Class", {}) {}
    assert.is_false((pcall(molt.attach, o, Base, { name = "x", pos = { 1 } })))
    assert.is_false(molt.is(o, Base))
    molt.attach(o, Base, { name = "x", pos = { 1, 2, 3 }, target = nil })
    assert.equal(3, o.pos[3])
  end)

  it("start with what an implementation says", function()
    local impl = molt.impl(Base, { name = "impl", pos = { 3, 2, 1 }, at = { x = 0, y = 0, on = true } })
    local Class = molt.class(fresh "Class", { impl })
    local o = Class {}
    assert.equal("impl", o.name)
    assert.equal(3, o.pos[1])
    impl.name, impl.pos = "other", o.pos
    assert.equal("other", Class {}.name)
    assert.equal("impl", o.name)
    refuses(function() impl.pos = { 1 } end, "field 'pos' has 3 elements, got 1")
    assert.has_error(function() impl.target = o end)
  end)

  it("are reached through views", function()
    local unit = Unit {}
    local view = molt.as(unit, Base)
    view.pos[1], view.name, view.target = 4, "by view", view
    view.at = { x = 1, y = 1, on = false }
    assert.equal(4, unit.pos[1])
    assert.equal("by view", unit.name)
    assert.equal(unit, view.target)
    molt.destroy(unit)
    for _, name in ipairs { "pos", "name", "target", "at" } do
      local _, err = pcall(function() return view[name] end)
      assert.equal("stale", err.code)
    end
  end)

  it("are refused on a table whose body is another's", function()
    local a, b = Unit {}, Unit {}
    local body = rawget(a, 0)
    rawset(a, 0, rawget(b, 0))
    for _, name in ipairs { "pos", "name", "target", "at" } do
      local _, err = pcall(function() return a[name] end)
      assert.equal("body", err.code)
    end
    rawset(a, 0, body)
    assert.equal("nobody", a.name)
  end)
end)

describe("a private field", function()
  local A = molt.trait("PrivateA", { "private double heat = 1", "private float vec[2] = {1, 2}" })
  local B = molt.trait("PrivateB", { "private double heat = 2", "private string vec = \"b\"" })
  local C = molt.class("PrivateC", { A, B })

  it("is kept apart for each trait", function()
    local o = C {}
    molt.as(o, A).heat = 10
    assert.equal(10, molt.as(o, A).heat)
    assert.equal(2, molt.as(o, B).heat)
    assert.equal(2, molt.as(o, A).vec[2])
    assert.equal("b", molt.as(o, B).vec)
  end)

  it("is no name of the object's", function()
    local o = C { heat = "mine" }
    assert.equal("mine", o.heat)
    assert.equal("mine", rawget(o, "heat"))
    assert.equal(1, molt.as(o, A).heat)
    assert.equal(1, molt.as(molt.clone(o), A).heat)
  end)

  it("is listed as private, and cloned", function()
    local o = C {}
    molt.as(o, A).heat = 5
    local seen = {}
    for _, field in ipairs(molt.fields(o)) do
      if field.private then seen[field.trait .. "." .. field.name] = field.value end
    end
    assert.equal(5, seen["PrivateA.heat"])
    assert.equal(2, seen["PrivateB.heat"])
    assert.equal(5, molt.as(molt.clone(o), A).heat)
  end)
end)

describe("wide fields of a native module", function()
  local module = assert(molt.load(helper.build_dir .. "/tests/natives/wide.so"))
  local Wide = molt.find("NativeWide")
  local Native = molt.class("WideNative", { module.NativeWide })

  it("are the C struct's own", function()
    local o = Native { mass = 100 }
    assert.equal("no\0body", o.name)
    assert.equal(7, o:length())
    assert.equal(1 + 2 + 4 + 100, o:sum())
    o.pos, o.speed.x = { 10, 20, 30 }, 5
    assert.equal(60 + 7 + 104, o:sum())
    assert.is_true(o.flag)
  end)

  it("are set by C, and the text before is readable until the tick", function()
    local o = Native { mass = 1, name = "before" }
    o:stamp()
    assert.equal("stamped", o.name)
    assert.equal(("b"):byte(), molt.as(o, Wide).heat)
    assert.equal(7, o.pos[2])
  end)

  it("refer by ids that C can check", function()
    local a, b = Native { mass = 1 }, Native { mass = 1 }
    assert.is_false(a:linked())
    a.next = b
    assert.is_true(a:linked())
    molt.destroy(b)
    assert.is_false(a:linked())
    a:link()
    assert.equal(a, a.next)
  end)
end)
