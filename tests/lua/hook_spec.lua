-- Hooks: init, attached, detached, final.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local log

local function note(text)
  return function() log[#log + 1] = text end
end

local function told()
  local text = table.concat(log, " ")
  log = {}
  return text
end

-- What earlier tests left runs its hooks before this one begins.
before_each(function()
  helper.collect_all()
  log = {}
end)

-- A trait whose hooks note its name.
local function noting(name, spec)
  spec = spec or {}
  spec.attached, spec.detached = note("+" .. name), note("-" .. name)
  return molt.trait(fresh("Hook" .. name), spec)
end

local A = noting "A"
local B = noting("B", { requires = { A }, "double b = 1" })
local Plain = molt.class(fresh "HookPlain", {})

describe("the hooks of an object's life", function()
  it("run after init, required traits first, and at its end the other way round", function()
    local C = molt.class(fresh "C", { B, A, init = note "init", final = note "final" })
    local o = C()
    assert.equal("init +A +B", told())
    molt.destroy(o)
    assert.equal("-B -A final", told())
  end)

  it("run in order of declaration where none requires another", function()
    local first, second = noting "1", noting "2"
    molt.class(fresh "C", { second, first })()
    assert.equal("+1 +2", told())
  end)

  it("receive the object, whose fields they may use", function()
    local got
    local T = molt.trait(fresh "T", { "double x = 3", attached = function(self) got = self.x end })
    molt.class(fresh "C", { T })()
    assert.equal(3, got)
  end)

  it("see what init was given", function()
    local got
    local T = molt.trait(fresh "T", { "double x = 3", attached = function(self) got = self.x end })
    molt.class(fresh "C", { T }) { x = 5 }
    assert.equal(5, got)
  end)

  it("run for the traits of a base class, too", function()
    local Base = molt.class(fresh "Base", { A })
    local Sub = molt.class(fresh "Sub", { B, extends = Base })
    molt.destroy(Sub())
    assert.equal("+A +B -B -A", told())
  end)

  it("run once when the collector finds the object", function()
    local C = molt.class(fresh "C", { A, final = note "final" })
    C()
    told()
    helper.collect_all()
    assert.equal("-A final", told())
    assert.equal(0, molt.count(C))
    helper.collect_all()
    assert.equal("", told())
  end)

  it("find an object's fields as they were when the collector found it", function()
    local got
    local T = molt.trait(fresh "T", { "double x = 3", "any label" })
    local C = molt.class(fresh "C", { T, final = function(self) got = { self.x, self.label } end })
    C { x = 7, label = "seven" }
    helper.collect_all()
    assert.same({ 7, "seven" }, got)
  end)

  it("do not run again for an object that was destroyed", function()
    local C = molt.class(fresh "C", { A, final = note "final" })
    molt.destroy(C())
    told()
    helper.collect_all()
    assert.equal("", told())
  end)

  it("run at the end of an object's life although they were defined after its birth", function()
    local T = molt.trait(fresh "T", {})
    local C = molt.class(fresh "C", { T })
    local o = C()
    T.detached = note "-T"
    C.final = note "final"
    assert.is_true(molt.alive(o))
    o = nil -- luacheck: ignore
    helper.collect_all()
    assert.equal("-T final", told())
  end)

  it("run for new objects once defined on a class in use", function()
    local T = molt.trait(fresh "T", {})
    local C = molt.class(fresh "C", { T })
    C()
    T.attached = note "+T"
    C()
    assert.equal("+T", told())
  end)

  it("are called up the base classes by hand", function()
    local Base = molt.class(fresh "Base", { init = note "Base.init", final = note "Base.final" })
    local Sub = molt.class(fresh "Sub", { extends = Base })
    function Sub:init() Base.init(self) log[#log + 1] = "Sub.init" end
    function Sub:final() log[#log + 1] = "Sub.final" Base.final(self) end
    molt.destroy(Sub())
    assert.equal("Base.init Sub.init Sub.final Base.final", told())
  end)

  it("run for a clone, whose init does not", function()
    local C = molt.class(fresh "C", { A, init = note "init", final = note "final" })
    local o = C()
    told()
    local copy = molt.clone(o)
    assert.equal("+A", told())
    molt.destroy(copy)
    assert.equal("-A final", told())
    molt.destroy(o)
    assert.equal("-A final", told())
  end)

  it("leave nothing in an object's fields", function()
    local C = molt.class(fresh "C", { A, final = note "final" })
    assert.same({}, molt.fields(C()))
  end)
end)

describe("the hooks of attach and detach", function()
  it("run when one object gains and loses a trait", function()
    local o = Plain()
    molt.attach(o, A)
    assert.equal("+A", told())
    molt.detach(o, A)
    assert.equal("-A", told())
  end)

  it("run in one order however the traits are given", function()
    local o = Plain()
    molt.attach(o, { B, A })
    assert.equal("+A +B", told())
  end)

  it("see the fields that attach was given, and those that detach will take", function()
    local T = molt.trait(fresh "T", { "double x",
      attached = function(self) log[#log + 1] = "+" .. self.x end,
      detached = function(self) log[#log + 1] = "-" .. self.x end })
    local o = Plain()
    molt.attach(o, T, { x = 4 })
    molt.detach(o, T)
    assert.equal("+4 -4", told())
  end)

  it("are an implementation's where the trait is attached by one", function()
    local o = Plain()
    molt.attach(o, molt.impl(A, { attached = note "+impl" }))
    molt.detach(o, A)
    assert.equal("+impl -A", told())
  end)

  it("do not run when an implementation is laid over a trait that is there", function()
    local o = molt.class(fresh "C", { A })()
    told()
    molt.attach(o, molt.impl(A, { attached = note "+impl" }))
    assert.equal("", told())
  end)

  it("do not run when attach is refused", function()
    assert.has_error(function() molt.attach(Plain(), B) end)
    assert.equal("", told())
  end)

  it("leave the object without a sentinel", function()
    local o = Plain()
    molt.attach(o, A)
    molt.detach(o, A)
    local keys = {}
    for k in next, o do keys[#keys + 1] = k end
    assert.same({ 0 }, keys)
  end)

  it("run at the end of an object that still has the trait", function()
    molt.attach(Plain(), A)
    helper.collect_all()
    assert.equal("+A -A", told())
  end)

  it("are never in conflict, and the trait's own method stays callable", function()
    local C = molt.class(fresh "C", { A, noting "X" })
    C():attached()
    assert.matches("^%+A %+X %+%u$", told())
  end)
end)

describe("the hooks of a class that changes", function()
  it("run once for each live instance", function()
    local C = molt.class(fresh "C", {})
    local o, p = C(), C()
    molt.use(C, A)
    assert.equal("+A +A", told())
    molt.drop(C, A)
    assert.equal("-A -A", told())
    assert.is_true(molt.alive(o) and molt.alive(p))
  end)

  it("do not run for an instance that had the trait already", function()
    local C = molt.class(fresh "C", {})
    local o = C()
    molt.attach(o, A)
    told()
    molt.use(C, A)
    assert.equal("", told())
    molt.destroy(o)
    assert.equal("-A", told())
  end)

  it("do not run when the change is refused", function()
    local C = molt.class(fresh "C", { A, B })
    local o = C()
    told()
    assert.has_error(function() molt.drop(C, A) end)
    assert.equal("", told())
    assert.is_true(molt.is(o, A))
  end)

  it("run for objects of extensions", function()
    local Base = molt.class(fresh "Base", {})
    local o = molt.class(fresh "Sub", { extends = Base })()
    molt.use(Base, molt.impl(A, {}))
    molt.drop(Base, A)
    assert.equal("+A -A", told())
    assert.is_true(molt.alive(o))
  end)

  it("undo the whole change when one fails", function()
    local n = 0
    local T = molt.trait(fresh "T", { detached = note "-T", attached = function()
      n = n + 1
      if n == 2 then error("no", 0) end
      log[#log + 1] = "+T"
    end })
    local C = molt.class(fresh "C", {})
    local o, p = C(), C()
    local ok, err = pcall(molt.use, C, T)
    assert.same({ false, "no" }, { ok, err })
    assert.equal("+T -T", told())
    assert.is_false(molt.is(o, T) or molt.is(p, T))
    assert.same({}, molt.traits_of(C))
  end)

  it("complete a drop although one fails", function()
    local T = molt.trait(fresh "T", { detached = function() error("no", 0) end })
    local C = molt.class(fresh "C", { T })
    local o = C()
    local ok, err = pcall(molt.drop, C, T)
    assert.same({ false, "no" }, { ok, err })
    assert.is_false(molt.is(o, T))
    molt.destroy(o)
  end)
end)

describe("an error in a hook", function()
  local function failing(hook)
    return molt.trait(fresh "Failing", { "double x = 1", "any label", [hook] = function() error("no", 0) end })
  end

  it("undoes an attach", function()
    local o = Plain { x = 5, y = 6 }
    local T = failing "attached"
    local ok, err = pcall(molt.attach, o, { A, T }, { x = 9, y = 7, label = "l" })
    assert.same({ false, "no" }, { ok, err })
    assert.equal("+A -A", told())
    assert.is_false(molt.is(o, T) or molt.is(o, A))
    assert.equal(5, rawget(o, "x"))
    assert.equal(6, rawget(o, "y"))
    assert.is_nil(o.label)
    molt.destroy(o)
    assert.equal("", told())
  end)

  it("ends an object that is being made", function()
    local C = molt.class(fresh "C", { A, failing "attached", final = note "final" })
    assert.has_error(function() C() end, "no")
    assert.equal(0, molt.count(C))
    assert.equal("+A -A final", told())
  end)

  it("lets a detach complete, and goes to the caller", function()
    local T = failing "detached"
    local o = molt.attach(Plain(), T)
    assert.has_error(function() molt.detach(o, T) end, "no")
    assert.is_false(molt.is(o, T))
    molt.destroy(o)
  end)

  it("lets destroy complete, and all other hooks run", function()
    local C = molt.class(fresh "C", { A, failing "detached", final = note "final" })
    local o = C()
    told()
    assert.has_error(function() molt.destroy(o) end, "no")
    assert.equal("-A final", told())
    assert.is_false(molt.alive(o))
  end)

  it("goes to the log in a sweep", function()
    local out, status = helper.run [[
      local molt = require "molt"
      local T = molt.trait("T", { detached = function() error("no", 0) end })
      local C = molt.class("C", { T, final = function() print("final") end })
      C() C = nil
      collectgarbage() collectgarbage()
      molt.tick()
      print "on"
    ]]
    assert.equal(0, status)
    assert.matches("C#1: no", out, 1, true)
    assert.matches("final", out, 1, true)
    assert.matches("on\n$", out)
  end)

  it("in init leaves an object whose hooks never run", function()
    local C = molt.class(fresh "C", { A, init = function() error("no", 0) end, final = note "final" })
    assert.has_error(function() C() end, "no")
    helper.collect_all()
    assert.equal("", told())
    assert.equal(0, molt.count(C))
  end)
end)

describe("a hook", function()
  it("cannot yield", function()
    local T = molt.trait(fresh "T", { attached = function() coroutine.yield() end })
    local o = Plain()
    local ok, err = coroutine.resume(coroutine.create(function() molt.attach(o, T) end))
    assert.is_false(ok)
    assert.equal("yield", err.code)
    assert.matches("^hook 'T_%d+%.attached' tried to yield$", err.message)
    assert.is_false(molt.is(o, T))
  end)

  it("cannot tick", function()
    local T = molt.trait(fresh "T", { attached = function() molt.tick() end })
    local ok, err = pcall(molt.attach, Plain(), T)
    assert.is_false(ok)
    assert.equal("molt.tick inside a hook", err.message)
  end)

  it("may end its own object in attached; what follows does not run", function()
    local T = molt.trait(fresh "T", { attached = function(self) molt.destroy(self) end, detached = note "-T" })
    local Later = noting "Later"
    local o = molt.class(fresh "C", { T, A, Later })()
    assert.is_false(molt.alive(o))
    assert.equal("+A -A", told())
  end)

  it("asks in vain for the end of an object that is ending", function()
    local C = molt.class(fresh "C", { A, final = function(self)
      molt.destroy(self)
      log[#log + 1] = tostring(molt.alive(self))
    end })
    molt.destroy(C())
    assert.equal("+A -A true", told())
  end)

  it("cannot attach to an object that is ending", function()
    local C = molt.class(fresh "C", { final = function(self) molt.attach(self, A) end })
    local o = C()
    local ok, err = pcall(molt.destroy, o)
    assert.is_false(ok)
    assert.matches("is ending$", err.message)
    assert.is_false(molt.alive(o))
  end)

  it("cannot detach the trait that is leaving", function()
    local T
    T = molt.trait(fresh "T", { detached = function(self) molt.detach(self, T) end })
    local o = molt.attach(Plain(), T)
    local ok, err = pcall(molt.detach, o, T)
    assert.is_false(ok)
    assert.matches("^trait 'T_%d+' is leaving HookPlain_%d+#%d+ already$", err.message)
    assert.is_false(molt.is(o, T))
  end)

  it("may detach its own trait while it is attached; then it has never been there", function()
    local T
    T = molt.trait(fresh "T", { attached = function(self) molt.detach(self, T) end, detached = note "-T" })
    local o = molt.attach(Plain(), T)
    assert.is_false(molt.is(o, T))
    assert.equal("", told())
  end)

  it("may attach another trait, whose hooks run at once", function()
    local T = molt.trait(fresh "T", { attached = function(self)
      molt.attach(self, A)
      log[#log + 1] = "+T"
    end })
    local o = molt.attach(Plain(), T)
    assert.equal("+A +T", told())
    molt.destroy(o)
    assert.equal("-A", told())
  end)

  it("may destroy and make other objects", function()
    local other = Plain()
    local C = molt.class(fresh "C", { final = function()
      molt.destroy(other)
      log[#log + 1] = tostring(molt.alive(Plain()))
    end })
    molt.destroy(C())
    assert.is_false(molt.alive(other))
    assert.equal("true", told())
  end)

  it("may change the class of its object", function()
    local T, C
    T = molt.trait(fresh "T", { attached = function() molt.use(C, A) end })
    C = molt.class(fresh "C", {})
    local o = C()
    molt.attach(o, T)
    assert.equal("+A", told())
    assert.is_true(molt.is(o, T) and molt.is(o, A))
  end)

  it("attached in init runs there, and not again", function()
    local C = molt.class(fresh "C", { B, A, init = function(self) molt.attach(self, noting "X") end })
    local o = C()
    assert.equal("+X +A +B", told())
    molt.destroy(o)
    assert.equal("-X -B -A", told())
  end)

  it("is declared for C without parameters and result", function()
    refuses(function() molt.trait("HookTyped", { "double attached(double x)" }) end,
      "trait 'HookTyped' declares 'attached', a hook, with a result or parameters",
      "a hook is declared as \"void attached()\"")
  end)

  it("may be declared and be filled in Lua", function()
    local T = molt.trait(fresh "T", { "void attached()", "void detached()", attached = note "+T", detached = note "-T" })
    local U = molt.trait(fresh "U", { "void attached()", attached = note "+U" })
    molt.destroy(molt.class(fresh "C", { T, U })())
    assert.equal("+T +U -T", told())
  end)
end)

describe("hooks and native code", function()
  local module = assert(molt.load(helper.build_dir .. "/tests/natives/hooks"))
  local Latch, Actor = molt.find "Latch", molt.find "Actor"

  it("may fill them, beside other traits that do", function()
    local C = molt.class(fresh "C", { A, module.Latch })
    local first, second = C(), C()
    assert.equal(first.seen + 1, second.seen)
    molt.destroy(second)
    assert.equal(first.seen - 8, C().seen)
    assert.equal("+A +A -A +A", told())
  end)

  it("runs native hooks at attach and detach", function()
    local o = molt.attach(Plain(), module.Latch)
    assert.not_equal(0, o.seen)
    molt.detach(o, Latch)
  end)

  it("may be covered by hooks in Lua", function()
    local o = molt.attach(Plain(), molt.impl(Latch, { attached = note "+L", detached = note "-L" }))
    molt.detach(o, Latch)
    assert.equal("+L -L", told())
  end)

  it("may end an object, whose hooks run once", function()
    local o = molt.class(fresh "C", { A, module.Actor, final = note "final" })()
    o:finish()
    assert.is_false(molt.alive(o))
    assert.equal("+A -A final", told())
    assert.equal("Actor", molt.name(Actor))
  end)

  it("ends an object although a hook fails", function()
    local T = molt.trait(fresh "T", { detached = function() error("no", 0) end })
    local o = molt.class(fresh "C", { T, module.Actor, final = note "final" })()
    o:finish()
    assert.is_false(molt.alive(o))
    assert.equal("final", told())
  end)
end)

describe("objects without hooks", function()
  it("have nothing but their body", function()
    local o = Plain()
    local keys = {}
    for k in next, o do keys[#keys + 1] = k end
    assert.same({ 0 }, keys)
  end)
end)

describe("a cascade", function()
  it("runs `detached` of each trait that it takes, while all are still there", function()
    local heard = {}
    local Base = molt.trait(fresh "Base", { "double base = 1" })
    local Needs = molt.trait(fresh "Needs", { "double needs = 2", requires = { Base } })
    function Base:detached() heard[#heard + 1] = "base " .. self.base end
    function Needs:detached() heard[#heard + 1] = "needs " .. self.needs .. self.base end
    local o = molt.attach(molt.class(fresh "Car", {})(), { Base, Needs })
    molt.detach(o, Base, { cascade = true })
    table.sort(heard)
    assert.same({ "base 1", "needs 21" }, heard)
    assert.same({}, molt.traits_of(o))
  end)

  it("takes what its hooks left, and nothing that they attached", function()
    local Base, Other = molt.trait(fresh "Base"), molt.trait(fresh "Other")
    local Needs = molt.trait(fresh "Needs", { requires = { Base } })
    function Needs:detached() molt.attach(self, Other) end
    local o = molt.attach(molt.class(fresh "Car", {})(), { Base, Needs })
    molt.detach(o, Base, { cascade = true })
    assert.same({ Other }, molt.traits_of(o))
  end)
end)
