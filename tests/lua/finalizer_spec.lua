-- Verbs that finalizers call, and debug hooks, while another verb is under way.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

-- Runs outer(i) again and again, each time with the collector about to run finalizers,
-- the first of which calls inner(i). How often one did before outer had returned is
-- returned.
local function interleave(rounds, outer, inner)
  local calls, inside, fired, started = 0, false, false
  local function finalizer()
    if inside and not fired then
      fired = true
      if pcall(inner) then calls = calls + 1 end     -- refused where a verb must not be interrupted
    end
  end
  local function start() started = true end
  for i = 1, rounds do
    collectgarbage()
    for _ = 1, 60 do getmetatable(newproxy(true)).__gc = finalizer end
    getmetatable(newproxy(true)).__gc = start      -- made last, it is called first
    fired, started = false, false
    collectgarbage("setstepmul", 1)
    while not started do collectgarbage("step", 0) end
    local junk = ("x"):rep(i * 13 % 1024)          -- the next ones are called a little later each time
    inside = true
    local ok, err = pcall(outer, i, junk)
    inside = false
    collectgarbage("setstepmul", 200)
    if not ok then error(err, 0) end
  end
  helper.collect_all()
  return calls
end

local rounds = helper.stress and 8 or 30

-- A trait whose declaration gets a field more with each call.
local function growing()
  local name, asked, last = fresh "Growing", 0, 0
  local function declare()
    asked = asked + 1
    local number = asked
    local trait = molt.trait(name, { "double x = 1", ("double y%d = %d"):format(number, number) })
    last = math.max(last, number)          -- what was asked for within this has come after it
    return trait
  end
  return declare(), declare, function() return "y" .. last, last end
end

local function expect_present(o, trait, last)
  local name, value = last()
  assert.is_true(molt.is(o, trait))
  assert.equal(value, o[name])
end

describe("a finalizer that declares a trait again", function()
  local outer = {
    ["while an object is made"] = function(class) return class { x = 2 } end,
    ["while an object is cloned"] = function(_, o) return molt.clone(o) end,
    ["while a trait is attached"] = function(class, _, trait, plain)
      return molt.detach(molt.attach(plain, trait), trait) and class()
    end,
    ["while a class uses the trait"] = function(class, _, trait, _, other)
      molt.use(other, trait)
      molt.drop(other, trait)
      return class()
    end,
    ["while an object is dumped and built"] = function(_, o) return molt.build(molt.dump(o)) end,
    ["while a class is declared"] = function(_, _, trait) return molt.class(fresh "New", { trait })() end,
  }
  local names = {}
  for name in pairs(outer) do names[#names + 1] = name end
  table.sort(names)

  -- The others keep the collector at rest: finalizers wait.
  local interrupted = { ["while an object is made"] = true, ["while an object is cloned"] = true,
    ["while a trait is attached"] = true }

  for _, name in ipairs(names) do
    it(name .. " reaches the object too", function()
      local trait, declare, last = growing()
      local Class, Other, Plain = molt.class(fresh "C", { trait }), molt.class(fresh "D", {}), molt.class(fresh "P", {})
      local old, plain = Class(), Plain()
      local made = {}
      local calls = 0
      for _ = 1, 10 do
        calls = calls + interleave(rounds, function(i)
          made[i % 10] = outer[name](Class, old, trait, plain, Other)
        end, declare)
        if calls > 0 or not interrupted[name] then break end
      end
      assert.is_true(calls > 0 or not interrupted[name] or not jit.status())
      expect_present(old, trait, last)
      for _, o in pairs(made) do expect_present(o, trait, last) end
      local count = molt.count(trait)
      made = nil                                  -- luacheck: ignore
      assert.is_true(count >= 1)
    end)
  end

  it("while the trait is declared again is done after it", function()
    local trait, declare, last = growing()
    local o = molt.class(fresh "C", { trait })()
    interleave(rounds, declare, declare)
    expect_present(o, trait, last)
  end)
end)

describe("a finalizer that gives the class a trait", function()
  it("while an object of it is made reaches that, too", function()
    local calls = 0
    for _ = 1, helper.stress and 3 or 12 do
      local Tag = molt.trait(fresh "Tag", { "int32_t tag = 3" })
      local Class = molt.class(fresh "C", { molt.trait(fresh "T", { "double x = 1" }) })
      local used, made = false, {}
      calls = calls + interleave(10, function(i) made[i] = Class { x = i } end, function()
        if not used then
          used = true
          molt.use(Class, Tag)
        end
      end)
      for i, o in ipairs(made) do
        assert.equal(i, o.x)
        if used then assert.equal(3, o.tag) end
      end
    end
    assert.is_true(calls > 0)
  end)

  it("while an object is attached to, and methods declared `all` are looked up, loses nothing", function()
    local calls = 0
    for _ = 1, helper.stress and 3 or 12 do
      local ran = 0
      local All = molt.trait(fresh "All", { "all void update()", update = function() ran = ran + 1 end })
      local More = molt.trait(fresh "More", { "double y = 2" })
      local Class = molt.class(fresh "C", { All })
      local o = molt.class(fresh "E", { extends = Class })()
      local used = false
      calls = calls + interleave(5, function()
        if molt.is(o, More) and used then return end
        molt.attach(o, More)
        molt.detach(o, More)
      end, function()
        if not used then used = pcall(molt.use, Class, molt.trait(fresh "Other", { "double z = 5" })) end
      end)
      o:update()
      assert.equal(1, ran)
    end
    assert.is_true(calls > 0)
  end)
end)

describe("a debug hook", function()
  -- Calls `act` with the hook set to run after so many instructions, for many counts.
  local function at_each_step(last, step, prepare, act, hook)
    for count = 1, last, helper.stress and step * 7 or step do
      local given = prepare()
      pcall(function()
        debug.sethook(function()
          debug.sethook()
          hook(given, count)
        end, "", count)
        act(given)
        debug.sethook()
      end)
      given.check()
    end
  end

  it("does not run in the midst of a verb that changes classes and traits", function()
    local inside = 0
    at_each_step(1200, 23, function()
      local A, B = molt.trait(fresh "A", { "double x = 1" }), molt.trait(fresh "B", { "double y = 2" })
      local C, D = molt.class(fresh "C", { A }), molt.class(fresh "D", { A, B })
      local o = C { x = 5 }
      return { o = o, B = B, C = C, D = D, check = function()
        if molt.alive(o) then assert.equal(5, o.x) end
        assert.equal(1, C().x)
        molt.tick()
      end }
    end, function(given)
      molt.become(given.o, given.D)
    end, function(given, count)
      local frame = debug.getinfo(4, "S")
      if frame and frame.short_src:find("molt/recompose", 1, true) then inside = inside + 1 end
      if count % 2 == 0 then pcall(molt.destroy, given.o) else pcall(molt.use, given.C, given.B) end
    end)
    assert.equal(0, inside)
  end)

  it("that raises leaves a wrapper of a class on all of its shapes, or on none", function()
    at_each_step(600, 11, function()
      local C = molt.class(fresh "C", { foo = function() return "A" end })
      local E = molt.class(fresh "E", { extends = C })
      local c, e = C(), E()
      return { C = C, check = function()
        assert.equal(c:foo(), e:foo())
        assert.equal(C():foo(), E():foo())
        molt.restore(C)
        assert.equal("AA", c:foo() .. e:foo())
      end }
    end, function(given)
      molt.around(given.C, "foo", function(next_one, self) return "<" .. next_one(self) .. ">" end)
    end, function()
      error("timeout", 0)
    end)
  end)

  it("runs in the functions of the user's that such a verb calls", function()
    local seen = false
    local T = molt.trait(fresh "T", { attached = function()
      for _ = 1, 100 do seen = seen or false end
    end })
    local Class = molt.class(fresh "C", {})
    local o = Class()
    debug.sethook(function()
      seen = seen or debug.getinfo(2, "S").short_src:find("finalizer_spec", 1, true) ~= nil
    end, "", 10)
    seen = false
    molt.use(Class, T)
    debug.sethook()
    assert.is_true(seen)
    assert.is_true(molt.is(o, T))
  end)

  it("is still set after verbs within verbs", function()
    local Inner = molt.trait(fresh "Inner", { attached = function() end })
    local other, Late = molt.class(fresh "D", {})(), molt.class(fresh "E", {})
    local Outer = molt.trait(fresh "Outer", { attached = function()
      molt.attach(other, Inner)
      molt.use(Late, Inner)
    end })
    local Class = molt.class(fresh "C", {})
    local o = Class()
    local calls = 0
    debug.sethook(function() calls = calls + 1 end, "l")
    molt.use(Class, Outer)
    calls = 0
    local line = calls
    debug.sethook()
    assert.equal(1, line)
    assert.is_true(molt.is(o, Outer) and molt.is(other, Inner))
  end)
end)
