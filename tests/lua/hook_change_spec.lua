-- Hooks that fail when an object becomes one of another class, or its class is declared
-- again: the change stands, every other hook runs, and each runs once.

local molt = require "molt"
local helper = require "helper"

local fresh = helper.fresh

local log

local function hooked(name, fails)
  return molt.trait(fresh(name), {
    attached = function()
      log[#log + 1] = "+" .. name
      if fails == "attached" then error(name .. " attached", 0) end
    end,
    detached = function()
      log[#log + 1] = "-" .. name
      if fails == "detached" then error(name .. " detached", 0) end
    end,
  })
end

before_each(function()
  helper.collect_all()             -- what earlier tests left has ended
  log = {}
end)

-- Each: a way to change one object `o` of a class of `old` traits into one of `new` traits.
local ways = {
  ["molt.become"] = function(old, new)
    local From, To = molt.class(fresh "From", old), molt.class(fresh "To", new)
    local o = From()
    log = {}
    return o, pcall(molt.become, o, To)
  end,
  ["a class declared again"] = function(old, new)
    local name = fresh "Class"
    local o = molt.class(name, old)()
    log = {}
    return o, pcall(molt.class, name, new)
  end,
}

local function ended(o)
  log = {}
  molt.destroy(o)
  return table.concat(log, " ")
end

local iterate = next

for name, change in iterate, ways do
  describe("an error in a hook of " .. name, function()
    it("in attached: the change stands, the others run, and its own detached never does", function()
      local A, B, C = hooked "A", hooked("B", "attached"), hooked "C"
      local o, ok, err = change({}, { A, B, C })
      assert.same({ false, "B attached", "+A +B +C" }, { ok, err, table.concat(log, " ") })
      assert.is_true(molt.is(o, A) and molt.is(o, B) and molt.is(o, C))
      assert.equal("-C -A", ended(o))
    end)

    it("in detached: the change stands, and the others run", function()
      local A, B, C, D = hooked "A", hooked("B", "detached"), hooked "C", hooked "D"
      local o, ok, err = change({ A, B, C }, { D })
      assert.same({ false, "B detached", "-C -B -A +D" }, { ok, err, table.concat(log, " ") })
      assert.is_false(molt.is(o, A) or molt.is(o, B))
      assert.equal("-D", ended(o))
    end)

    it("in both: the first is raised", function()
      local _, ok, err = change({ hooked("A", "detached") }, { hooked("B", "attached") })
      assert.same({ false, "A detached", "-A +B" }, { ok, err, table.concat(log, " ") })
    end)

    it("in attached of a trait that then goes and comes again: it has another try", function()
      local fails = true
      local T = molt.trait(fresh "T", {
        attached = function()
          log[#log + 1] = "+T"
          if fails then error("T", 0) end
        end,
        detached = function() log[#log + 1] = "-T" end,
      })
      local o = change({}, { T })
      local Bare, Has = molt.class(fresh "Bare", {}), molt.class(fresh "Has", { T })
      molt.become(o, Bare)
      assert.equal("+T", table.concat(log, " "))
      fails = false
      molt.become(o, Has)
      assert.equal("+T +T", table.concat(log, " "))
      assert.equal("-T", ended(o))
    end)

    it("that yields is one that fails", function()
      local A = hooked "A"
      local T = molt.trait(fresh "T", { attached = coroutine.yield, detached = function() log[#log + 1] = "-T" end })
      local _, ok, err = coroutine.wrap(function() return change({}, { T, A }) end)()
      assert.is_false(ok)
      assert.matches("tried to yield", err.message, 1, true)
      assert.equal("+A", table.concat(log, " "))
    end)

    it("that ends the object runs none after it", function()
      local T = molt.trait(fresh "T", { attached = function(self) log[#log + 1] = "end" molt.destroy(self) end })
      local o, ok = change({}, { T, hooked "A" })
      assert.is_true(ok)
      assert.is_false(molt.alive(o))
      assert.equal("end", table.concat(log, " "))
    end)
  end)
end

describe("a class declared again with several objects", function()
  it("runs the hooks of each, whichever fails", function()
    local name, failing = fresh "Class", nil
    local T = molt.trait(fresh "T", { attached = function(self)
      log[#log + 1] = "+"
      if self == failing then error("mine", 0) end
    end, detached = function() log[#log + 1] = "-" end })
    local Class = molt.class(name, {})
    local a, b, c = Class(), Class(), Class()
    failing = b
    local ok, err = pcall(molt.class, name, { T })
    assert.same({ false, "mine", 3 }, { ok, err, #log })
    assert.same({ "-", "", "-" }, { ended(a), ended(b), ended(c) })
    assert.is_true(pcall(molt.class, name, {}))
  end)
end)
