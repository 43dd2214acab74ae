-- molt.on: what is told, and to whom.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("EventTank", { "double fuel = 10", describe = function() return "trait" end })
local Heat = molt.trait("EventHeat", { "double heat = 1" })
local Car = molt.class("EventCar", { Tank })

describe("listening", function()
  local handles
  before_each(function() handles = {} end)
  after_each(function()
    for _, handle in ipairs(handles) do handle.remove() end
  end)

  -- What an event tells from here on.
  local function record(event)
    local calls = {}
    handles[#handles + 1] = molt.on(event, function(...) calls[#calls + 1] = { ... } end)
    return calls
  end

  local function listen(event, fn)
    handles[#handles + 1] = molt.on(event, fn)
    return handles[#handles]
  end

  it("to attach tells object and trait", function()
    local calls = record "attach"
    local o = molt.attach(Car(), Heat)
    assert.same({ { o, Heat } }, calls)
  end)

  it("to attach tells each trait of a list", function()
    local calls = record "attach"
    local Cold = molt.trait(fresh "Cold")
    local o = molt.attach(Car(), { Heat, Cold })
    assert.same({ { o, Heat }, { o, Cold } }, calls)
  end)

  it("to detach tells object and trait", function()
    local o = molt.attach(Car(), Heat)
    local calls = record "detach"
    molt.detach(o, Heat)
    assert.same({ { o, Heat } }, calls)
  end)

  it("to override tells target and name, however it is spelt", function()
    local calls = record "override"
    local o = Car()
    molt.override(o, "describe", print)
    molt.override(Car, "describe", print)
    local p = Car()
    p.describe = print
    assert.same({ { o, "describe" }, { Car, "describe" }, { p, "describe" } }, calls)
    molt.restore(Car)
  end)

  it("to restore tells target and name", function()
    local calls = record "restore"
    local o = Car()
    molt.restore(o, "describe")
    molt.restore(o)
    assert.same({ { o, "describe" }, { o, nil } }, calls)
  end)

  it("to use and drop tells class and piece", function()
    local used, dropped = record "use", record "drop"
    local Truck = molt.class(fresh "Truck", { Tank })
    local Impl = molt.impl(Tank, { fuel = 1 })
    molt.use(Truck, Impl)
    molt.drop(Truck, Impl)
    assert.same({ { { Truck, Impl } }, { { Truck, Impl } } }, { used, dropped })
  end)

  it("to destroy tells the object while it is still alive", function()
    local seen
    listen("destroy", function(o) seen = o.fuel end)
    molt.destroy(Car { fuel = 5 })
    assert.equal(5, seen)
  end)

  it("to tick tells its number", function()
    local calls = record "tick"
    molt.tick()
    molt.tick()
    assert.equal(calls[1][1] + 1, calls[2][1])
  end)

  it("hears nothing of what was refused", function()
    local calls = record "attach"
    pcall(molt.attach, Car(), Tank)
    assert.same({}, calls)
  end)

  it("calls all listeners in the order in which they came", function()
    local order = {}
    for i = 1, 3 do listen("tick", function() order[#order + 1] = i end) end
    molt.tick()
    assert.same({ 1, 2, 3 }, order)
  end)

  it("ends with remove", function()
    local calls = record "tick"
    assert.is_true(handles[1].remove())
    molt.tick()
    assert.same({}, calls)
    assert.is_false(handles[1].remove())
  end)

  it("ends with remove spelt as a method", function()
    local calls = record "tick"
    assert.is_true(handles[1]:remove())
    molt.tick()
    assert.same({}, calls)
  end)

  it("with one function twice ends once for each", function()
    local count = 0
    local function listener() count = count + 1 end
    local first = listen("tick", listener)
    listen("tick", listener)
    first.remove()
    first.remove()
    molt.tick()
    assert.equal(1, count)
  end)

  it("may end itself and others while it is told", function()
    local order = {}
    local first, second
    first = listen("tick", function()
      order[#order + 1] = 1
      first.remove()
      second.remove()
    end)
    second = listen("tick", function() order[#order + 1] = 2 end)
    listen("tick", function() order[#order + 1] = 3 end)
    molt.tick()
    molt.tick()
    assert.same({ 1, 3, 3 }, order)
  end)

  it("may do what it listens to", function()
    local depth = 0
    listen("attach", function(o)
      depth = depth + 1
      if depth < 5 then
        molt.detach(o, Heat)
        molt.attach(o, Heat)
      end
    end)
    molt.attach(Car(), Heat)
    assert.equal(5, depth)
  end)

  it("may destroy the object it is told of", function()
    listen("destroy", function(o) if molt.alive(o) then molt.destroy(o) end end)
    listen("attach", function(o) molt.destroy(o) end)
    local o = molt.attach(Car(), Heat)
    assert.is_false(molt.alive(o))
  end)

  it("passes a listener's error to who caused it, after all listeners and the act itself", function()
    local called
    local reason = {}
    listen("attach", function() error(reason) end)
    listen("attach", function() called = true end)
    local o = Car()
    local _, err = pcall(molt.attach, o, Heat)
    assert.equal(reason, err)
    assert.same({ true, 1 }, { called, o.heat })
  end)

  it("refuses a listener that yields, when the act is done and all have heard of it", function()
    local name = fresh "Yielding"
    local T = molt.trait(name, { "double one" })
    local o = molt.class(fresh "Class", { T })()
    local called
    listen("redefine", function() coroutine.yield() end)
    listen("redefine", function() called = true end)
    local ok, err = coroutine.resume(coroutine.create(function()
      molt.trait(name, { "double one", "double two = 2" })
    end))
    assert.is_false(ok, "it yielded")
    assert.equal("yield", err.code)
    assert.matches("^listener of 'redefine' %(tests/lua/event_spec.lua:%d+%) tried to yield$", err.message)
    assert.same({ true, 2 }, { called, o.two })
  end)

  it("refuses a listener that yields outside of coroutines, on the line of the act", function()
    local o = Car()
    local function yield() coroutine.yield() end
    listen("attach", yield)
    refuses(function() molt.attach(o, Heat) end, ("listener of 'attach' (tests/lua/event_spec.lua:%d) tried to yield")
      :format(debug.getinfo(yield, "S").linedefined), "a listener runs to its end; start a coroutine in it for what takes longer")
    assert.equal(1, o.heat)
  end)

  it("refuses, with no crash, a listener that causes its own event without end", function()
    listen("attach", function(o)
      molt.detach(o, Heat)
      molt.attach(o, Heat)
    end)
    local o = Car()
    assert.has_error(function() molt.attach(o, Heat) end)
    assert.is_true(molt.alive(o))
  end)

  it("does not let a listener's error prevent a destruction", function()
    listen("destroy", function() error("no") end)
    local o = Car()
    assert.has_error(function() molt.destroy(o) end, "no")
    assert.is_false(molt.alive(o))
  end)

  it("does not let a listener's error prevent a tick", function()
    listen("tick", function() error("no") end)
    assert.has_error(molt.tick)
    handles[1].remove()
    local calls = record "tick"
    molt.tick()
    assert.equal(1, #calls)
  end)
end)

describe("molt.on", function()
  it("refuses an event it does not know, and says a near one", function()
    refuses(function() molt.on("atach", print) end, "no event 'atach'", "did you mean 'attach'?")
  end)

  it("refuses what is no name and what is no function", function()
    refuses(function() molt.on(5, print) end, "bad argument #1 to 'on' (event name expected, got number)")
    refuses(function() molt.on() end, "bad argument #1 to 'on' (event name expected, got nil)")
    refuses(function() molt.on("tick") end, "bad argument #2 to 'on' (function expected, got nil)")
    refuses(function() molt.on("tick", "print") end, "bad argument #2 to 'on' (function expected, got string)")
  end)
end)
