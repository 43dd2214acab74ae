-- molt.before, after and around, beside molt.override: on a class and on one object.

local helper = require "helper"
local molt = require "molt"

local refuses, fresh = helper.refuses, helper.fresh
local gauge = assert(molt.load(helper.build_dir .. "/tests/natives/gauge"))
local Gauge = molt.find "Gauge"

local Voice = molt.trait("PatchVoice", {
  "double volume = 2",
  speak = function(_, word) return word or "trait" end,
})

local function new_class(spec)
  return molt.class(fresh "Patched", spec or { Voice })
end

local function native_class(impl)
  local class = new_class { Gauge }
  molt.use(class, impl or gauge.Gauge)
  return class
end

local function tagged(tag)
  return function(next, self, ...) return tag .. "(" .. tostring(next(self, ...)) .. ")" end
end

-- What every verb does alike on a class and on an object of it.
for what, target_of in pairs {
  class = function(class) return class, class() end,
  object = function(class) local o = class() return o, o end,
} do
  describe("a patch of " .. what, function()
    it("around calls what it wraps by `next`", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", tagged "a")
      assert.equal("a(x)", o:speak("x"))
    end)

    it("around may forget next", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", function() return "own" end)
      assert.equal("own", o:speak())
    end)

    it("around may call `next` twice, with other arguments", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", function(next, self) return next(self, "a") .. next(self, "b") end)
      assert.equal("ab", o:speak())
    end)

    it("before runs first, with the arguments, and changes no result", function()
      local target, o = target_of(new_class())
      local seen
      molt.before(target, "speak", function(self, word) seen = { self, word } return "ignored" end)
      assert.equal("x", o:speak("x"))
      assert.same({ o, "x" }, seen)
    end)

    it("after runs last, with the arguments, and changes no result", function()
      local target, o = target_of(new_class())
      local log = {}
      molt.override(target, "speak", function() log[#log + 1] = "method" return 1, nil, 3, nil end)
      molt.after(target, "speak", function(_, ...) log[#log + 1] = select("#", ...) end)
      for n = 0, 5 do
        local function count(...) return select("#", ...), ... end
        assert.same({ 4, 1, nil, 3 }, { count(o:speak(unpack({}, 1, n))) })
        assert.same({ "method", n }, { log[#log - 1], log[#log] })
      end
    end)

    it("stacks in order, the last one outermost", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", tagged "a")
      molt.around(target, "speak", tagged "b")
      assert.equal("b(a(x))", o:speak("x"))
    end)

    it("is removed in any order, and the rest is linked anew", function()
      for _, order in ipairs { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } } do
        local target, o = target_of(new_class())
        local tags, patches = { "a", "b", "c" }, {}
        for i, tag in ipairs(tags) do patches[i] = molt.around(target, "speak", tagged(tag)) end
        for _, i in ipairs(order) do
          assert.is_true(patches[i]:remove())
          tags[i] = ""
          local expected = "x"
          for _, tag in ipairs(tags) do if tag ~= "" then expected = tag .. "(" .. expected .. ")" end end
          assert.equal(expected, o:speak("x"))
        end
      end
    end)

    it("removed twice says so", function()
      local target = target_of(new_class())
      local patch = molt.around(target, "speak", tagged "a")
      assert.same({ true }, { patch:remove() })
      assert.same({ false, ("around of 'speak' on %s was removed already"):format(molt.name(target)) },
        { patch:remove() })
    end)

    it("removed with a dot for the colon is refused, blaming the caller", function()
      local target, o = target_of(new_class())
      local patch = molt.around(target, "speak", tagged "a")
      refuses(function() patch.remove() end, "bad argument #1 to 'remove' (patch expected, got nil)")
      refuses(function() patch.remove(target) end, ("bad argument #1 to 'remove' (patch expected, got %s)"):format(
        target == o and "object" or "class"))
      assert.equal("a(x)", o:speak("x"))
    end)

    it("by override hides the wrappers before it, until it is removed", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", tagged "a")
      local patch = molt.override(target, "speak", function() return "o" end)
      molt.around(target, "speak", tagged "b")
      assert.equal("b(o)", o:speak("x"))
      patch:remove()
      assert.equal("b(a(x))", o:speak("x"))
    end)

    it("wraps what is defined on the class later", function()
      local class = new_class()
      local target, o = target_of(class)
      molt.around(target, "speak", tagged "a")
      function class:speak() return "fill" end
      assert.equal("a(fill)", o:speak())
      class.speak = nil
      assert.equal("a(x)", o:speak("x"))
    end)

    it("wraps what is used and dropped later", function()
      local class = new_class()
      local target, o = target_of(class)
      local impl = molt.impl(Voice, { speak = function() return "impl" end })
      molt.around(target, "speak", tagged "a")
      molt.use(class, impl)
      assert.equal("a(impl)", o:speak())
      molt.drop(class, impl)
      assert.equal("a(x)", o:speak("x"))
    end)

    it("wraps a trait that is edited later", function()
      local Edited = molt.trait(fresh "Edited", { say = function() return "first" end })
      local target, o = target_of(new_class { Edited })
      molt.around(target, "say", tagged "a")
      assert.equal("a(first)", o:say())
      function Edited.say() return "second" end
      assert.equal("a(second)", o:say())
    end)

    for name, impl in pairs { ["leaf"] = "value", ["classic"] = "poke" } do
      it("wraps a native method, " .. name, function()
        local class = native_class()
        local target, o = target_of(class)
        local plain = name == "leaf" and 20 or 2
        molt.around(target, impl, function(next, self, by) return next(self, by) + 100 end)
        assert.equal(plain + 100, o[impl](o, 2))
        molt.before(target, impl, function(self) self.calls, self.level = 0, 20 end)
        assert.equal((name == "leaf" and 40 or 2) + 100, o[impl](o, 2))
        molt.restore(target)
        assert.equal(name == "leaf" and 40 or 4, o[impl](o, 2))
      end)
    end

    it("is what C calls through a handle", function()
      local target, o = target_of(native_class())
      assert.equal(20 + 1, o:both(2))
      local patch = molt.around(target, "value", function(next, self, by) return next(self, by) * 10 end)
      molt.around(target, "poke", function(next, self, by) return next(self, by) + 1000 end)
      assert.equal(200 + 1002, o:both(2))
      patch:remove()
      assert.equal(20 + 1003, o:both(2))
    end)

    it("follows a native method that Lua fills, and one that comes back", function()
      local class = native_class()
      local target, o = target_of(class)
      molt.around(target, "value", function(next, self, by) return next(self, by) + 0.5 end)
      assert.equal(20.5, o:value(2))
      function class.value(_, by) return by end
      assert.equal(2.5, o:value(2))
      molt.use(class, gauge.Digital)
      assert.equal(-19.5, o:value(2))
    end)

    it("is called by a native method that was held in a local", function()
      local target, o = target_of(native_class())
      local value = o.value
      molt.around(target, "value", function(next, self, by) return next(self, by) + 0.5 end)
      assert.equal(20.5, value(o, 2))
    end)

    it("is called through a view, with the object", function()
      local target, o = target_of(native_class())
      molt.around(target, "value", function(next, self, by)
        assert.equal(o, self)
        return next(self, by) + 0.5
      end)
      assert.equal(20.5, molt.as(o, Gauge):value(2))
    end)

    it("takes a view of the object for `next`, too", function()
      local target, o = target_of(native_class())
      molt.around(target, "value", function(next, self, by) return next(molt.as(self, Gauge), by) + 0.5 end)
      assert.equal(20.5, o:value(2))
    end)

    it("lets an error through as it is, and works the next time", function()
      local target, o = target_of(new_class())
      local class = molt.class_of(o)
      local thrown = {}
      function class:speak() error(thrown) end
      molt.around(target, "speak", tagged "a")
      molt.before(target, "speak", function() end)
      local ran = false
      molt.after(target, "speak", function() ran = true end)
      local ok, err = pcall(o.speak, o)
      assert.same({ false, thrown, false }, { ok, err, ran })
      assert.equal(thrown, err)
      class.speak = nil
      assert.equal("a(x)", o:speak("x"))
    end)

    it("lets an error through C, and leaves the border clean", function()
      local target, o = target_of(native_class())
      local patch = molt.around(target, "value", function() error("broken", 0) end)
      local ok, err = pcall(o.both, o, 2)
      assert.same({ false, "broken" }, { ok, err })
      local state = require("molt.border").state
      assert.same({ 0, 0, 0 }, { state.leaf, state.depth, state.pending })
      patch:remove()
      assert.equal(20, o:value(2))
    end)

    it("may yield, on every side of `next`", function()
      local class = new_class()
      local target, o = target_of(class)
      function class:speak(word) return word .. coroutine.yield("method") end
      molt.around(target, "speak", function(next, self, word)
        local first = coroutine.yield("around")
        return next(self, word) .. first
      end)
      molt.before(target, "speak", function() coroutine.yield("before") end)
      molt.after(target, "speak", function() coroutine.yield("after") end)
      local run = coroutine.wrap(o.speak)
      assert.same({ "before", "around", "method", "after", "x21" },
        { run(o, "x"), run(), run(1), run(2), run() })
    end)

    it("calls what is beneath at the time `next` is called", function()
      local class = new_class()
      local target, o = target_of(class)
      molt.around(target, "speak", function(next, self)
        coroutine.yield()
        return next(self)
      end)
      local run = coroutine.wrap(o.speak)
      run(o)
      function class.speak() return "new" end
      assert.equal("new", run())
    end)

    it("removed while it runs still finds what is beneath its place", function()
      local target, o = target_of(new_class())
      local below = molt.around(target, "speak", tagged "below")
      local patch = molt.around(target, "speak", function(next, self)
        coroutine.yield()
        return next(self, "x")
      end)
      local run, again = coroutine.wrap(o.speak), coroutine.wrap(o.speak)
      run(o)
      again(o)
      patch:remove()
      molt.around(target, "speak", tagged "above")
      assert.equal("below(x)", run())
      below:remove()
      assert.equal("x", again())
    end)

    it("is restored with all others, by name or altogether", function()
      local target, o = target_of(native_class())
      for _, verb in ipairs { "before", "after", "around", "override" } do
        molt[verb](target, "value", function() return 1 end)
        molt[verb](target, "poke", function() return 1 end)
      end
      assert.equal(4, molt.restore(target, "value"))
      assert.same({ 20, 1 }, { o:value(2), o:poke(5) })
      assert.equal(4, molt.restore(target))
      assert.equal(5, o:poke(5))
    end)

    it("is told of by molt.methods, with what it wraps and hides", function()
      local target, o = target_of(new_class())
      local function noop() end
      molt.around(target, "speak", noop)
      molt.before(target, "speak", noop)
      local entry = molt.methods(o).speak
      local layer = what == "class" and "fill" or "patch"
      assert.same({ layer, "before", "around" }, { entry.layer, entry.kind, entry.hides[1].kind })
      assert.same({ "trait", "PatchVoice" }, { entry.hides[2].layer, entry.hides[2].trait })
      assert.matches("patch_spec.lua:%d+$", entry.where)
      assert.is_nil(entry.hides[3])
      assert.equal("before", molt.methods(target).speak.kind)
    end)

    it("refuses a name that is none, an unknown method and what is no function", function()
      local target = target_of(new_class())
      local name = what == "class" and "class " .. molt.name(target) or molt.name(target)
      for _, verb in ipairs { "before", "after", "around" } do
        refuses(function() molt[verb](target, 5, print) end,
          ("bad argument #2 to '%s' (method name expected, got number)"):format(verb))
        refuses(function() molt[verb](target, "speek", print) end, ("%s has no method 'speek'"):format(name),
          "did you mean 'speak'?")
        refuses(function() molt[verb](target, "speak", "text") end,
          ("bad argument #3 to '%s' (function expected, got string)"):format(verb))
        refuses(function() molt[verb]("no", "speak", print) end,
          ("bad argument #1 to '%s' (trait, class or object expected, got string)"):format(verb))
      end
    end)

    it("refuses a `next` for what is no object", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", function(next) return next("text") end)
      local ok, err = pcall(o.speak, o)
      assert.is_false(ok)
      assert.equal("bad argument #1 to 'next' (object expected, got string)", err.message)
    end)

    it("says that the object was destroyed before `next`", function()
      local target, o = target_of(new_class())
      molt.around(target, "speak", function(next, self)
        molt.destroy(self)
        return next(self)
      end)
      local name = molt.name(o)
      local ok, err = pcall(o.speak, o)
      assert.same({ false, "destroyed", ("attempt to use a destroyed object (%s)"):format(name) },
        { ok, err.code, err.message })
    end)
  end)
end

describe("a wrapper of a class", function()
  it("wraps what its base resolves to, and is hidden by a definition of an extension", function()
    local Base = new_class()
    local Sub = molt.class(fresh "Sub", { extends = Base })
    local o = Sub()
    molt.around(Base, "speak", tagged "base")
    molt.around(Sub, "speak", tagged "sub")
    assert.equal("sub(base(x))", o:speak("x"))
    function Sub:speak() return Base.speak(self, "up") end
    assert.equal("sub(base(up))", o:speak("x"))
    function Base:speak(word) return "fill " .. word end
    assert.equal("sub(base(fill up))", o:speak("x"))
  end)

  it("is not there over nothing, and comes back with a definition", function()
    local class = new_class {}
    function class.run() return "run" end
    molt.around(class, "run", tagged "a")
    local o = class()
    assert.equal("a(run)", o:run())
    class.run = nil
    assert.is_nil(o.run)
    function class.run() return "again" end
    assert.equal("a(again)", o:run())
  end)

  it("resolves no conflict", function()
    local A = molt.trait(fresh "A", { say = function() end })
    local B = molt.trait(fresh "B", { say = function() end })
    local class = new_class { A, B }
    molt.around(class, "say", tagged "a")
    assert.equal("conflict", select(2, pcall(class)).code)
  end)

  it("is hidden by a trait of the object", function()
    local class = new_class()
    local Loud = molt.trait(fresh "Loud", { speak = function() return "loud" end })
    molt.around(class, "speak", tagged "a")
    local o = molt.attach(class(), Loud)
    assert.equal("loud", o:speak())
    molt.around(o, "speak", tagged "o")
    assert.equal("o(loud)", o:speak())
    molt.detach(o, Loud)
    assert.equal("o(a(x))", o:speak("x"))
  end)

  it("may wrap init", function()
    local class = new_class()
    function class:init(volume) self.volume = volume end
    molt.around(class, "init", function(next, self, volume) next(self, volume * 2) end)
    assert.equal(6, class(3).volume)
  end)
end)

describe("a patch of one object", function()
  it("leaves its class and the other objects alone, and makes no shape", function()
    local class = native_class()
    local o, other = class(), class()
    local meta = debug.getmetatable(o)
    for _, verb in ipairs { "override", "before", "after", "around" } do
      molt[verb](o, "value", function() return 1 end)
    end
    assert.equal(meta, debug.getmetatable(o))
    assert.equal(rawget(o, "value"), o.value)
    assert.same({ 20, nil }, { other:value(2), rawget(other, "value") })
    molt.restore(o)
    assert.is_nil(rawget(o, "value"))
  end)

  it("dies with it, be it that the patches refer to it", function()
    local class = new_class()
    local seen = setmetatable({}, { __mode = "k" })
    do
      local o = class()
      molt.override(o, "speak", function() return o.volume end)
      molt.around(o, "speak", function(next, self) return next(self) + o.volume end)
      assert.equal(4, o:speak())
      seen[o] = true
    end
    jit.flush()                       -- a trace that met the function keeps it
    helper.collect_all()
    assert.is_nil(next(seen))
  end)

  it("goes to a copy of it, in the same order", function()
    local o = new_class()()
    molt.around(o, "speak", tagged "a")
    molt.around(o, "speak", tagged "b")
    local copy = molt.clone(o)
    molt.restore(o)
    assert.same({ "b(a(x))", "x" }, { copy:speak("x"), o:speak("x") })
  end)

  it("is covered by a function that is assigned, and gone with it", function()
    local o = new_class()()
    local patch = molt.around(o, "speak", tagged "a")
    o.speak = function() return "assigned" end
    assert.equal("assigned", o:speak())
    assert.is_true(patch:remove())
    assert.is_false((patch:remove()))
    assert.equal(1, molt.restore(o))
    assert.equal("x", o:speak("x"))
  end)

  it("counts once more when a function covers it, whatever the collector did", function()
    for _, collect in ipairs { function() end, helper.collect_all } do
      local o = new_class()()
      local patch = molt.override(o, "speak", function() return "override" end)
      o.speak = function() return "assigned" end
      collect()
      assert.same({ "assigned", 2 }, { o:speak(), molt.restore(o) })
      assert.same({ "x", false }, { o:speak("x"), (patch:remove()) })
    end
  end)

  it("is found again beneath another after its own link was collected", function()
    local o = new_class()()
    local override = molt.override(o, "speak", function() return "override" end)
    local around = molt.around(o, "speak", tagged "a")
    assert.equal("a(override)", o:speak())
    around:remove()
    helper.collect_all()
    assert.equal("override", o:speak())
    molt.around(o, "speak", tagged "b")
    assert.equal("b(override)", o:speak())
    assert.is_true(override:remove())
    assert.equal("b(x)", o:speak("x"))
    assert.equal(1, molt.restore(o))
  end)

  it("that is removed is not called by a wrapper that was suspended above it", function()
    local o = new_class()()
    local override = molt.override(o, "speak", function() return "override" end)
    local around = molt.around(o, "speak", function(next, self, x)
      coroutine.yield()
      return next(self, x)
    end)
    local call = coroutine.wrap(function() return o:speak("x") end)
    call()
    around:remove()
    override:remove()
    assert.equal("x", call())
  end)

  it("leaves nothing behind when it is removed, nor when its object dies", function()
    local class = new_class()
    local function fn() return 1 end
    local count = helper.stress and 100 or 2000
    local function some()
      local kept = class()
      for _ = 1, count do
        molt.override(kept, "speak", fn):remove()
        molt.override(class(), "speak", fn)
      end
    end
    local function used()
      local most = 0
      for _ = 1, 4 do
        some()
        helper.collect_all()
        most = math.max(most, collectgarbage("count"))
      end
      return most
    end
    used()                                     -- tables are as large as they get
    local before = used()
    used()
    assert.is_true(used() - before < 100)      -- kilobytes: 6 bytes for each
  end)

  it("leaves no entry but its own in the object's table", function()
    local T = molt.trait(fresh "T", { "double x = 1", "double y = 2", speak = function() return "x" end,
      other = function() return "other" end })
    local o = molt.class(fresh "Class", { T })()
    local function speak(self) return self.x + self.y end
    molt.override(o, "speak", speak)
    local keys, iterate = {}, next
    for k, v in iterate, o do keys[k] = k == 0 or v end
    assert.same({ [0] = true, speak = speak }, keys)
    assert.same({ 3, "other" }, { o:speak(), o:other() })
  end)

  it("that has been destroyed is not removed", function()
    local o = new_class()()
    local patch = molt.around(o, "speak", tagged "a")
    molt.destroy(o)
    assert.is_false((patch:remove()))
  end)

  it("stays when its class goes back to a shape that it left behind", function()
    local D, C = molt.trait(fresh "D", { deep = function() return "trait" end }), molt.trait(fresh "C")
    local Car = molt.class(fresh "Car", { D, C })
    Car()
    local before = Car()
    molt.drop(Car, C)
    molt.drop(Car, D)
    function Car:deep() return "fill" end      -- and nil again: so it is in the shape of { D }
    Car.deep = nil
    assert.is_nil(before.deep)
    molt.use(Car, C)
    molt.use(Car, D)
    molt.override(before, "deep", function() return "patch" end)
    molt.drop(Car, C)
    assert.equal("patch", before:deep())
  end)

  it("is known by itself where a finalizer patches, too, as it is made", function()
    local class = new_class()
    local made, armed = {}, true
    -- One finalizer after the other: at each point where the collector may run.
    local function leave_one()
      getmetatable(newproxy(true)).__gc = function()
        local other = class()
        made[#made + 1] = { other, molt.override(other, "speak", function() return "finalizer" end) }
        if armed then leave_one() end
      end
    end
    leave_one()
    for _ = 1, 20 do
      local o = class()
      local lowest, upper = helper.collect_always(function()
        return molt.override(o, "speak", function() return "lowest" end), molt.around(o, "speak", tagged "a")
      end)
      assert.equal("a(lowest)", o:speak())
      assert.is_true(lowest:remove())
      assert.equal("a(x)", o:speak("x"))
      assert.is_true(upper:remove())
      assert.equal("x", o:speak("x"))
    end
    armed = false
    for _, entry in ipairs(made) do
      local other, patch = unpack(entry)
      assert.equal("finalizer", other:speak("x"))
      assert.is_true(patch:remove())
      assert.equal("x", other:speak("x"))
    end
    assert.is_true(#made > 10)
  end)
end)

describe("molt.methods", function()
  it("names module and generation of a native method beneath a wrapper", function()
    local class = native_class()
    molt.around(class, "value", function(next, self, by) return next(self, by) end)
    local entry = molt.methods(class()).value
    assert.same({ "around", false }, { entry.kind, entry.native })
    assert.same({ "fill", true, "gauge generation 1" },
      { entry.hides[1].layer, entry.hides[1].native, entry.hides[1].where })
  end)
end)
