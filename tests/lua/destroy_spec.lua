-- molt.destroy, and what is left of an object.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local Tank = molt.trait("DestroyTank", { "double fuel = 10", "any driver", "double range(double load)" })
local Heat = molt.trait("DestroyHeat", { "double heat = 1" })
local Car = molt.class("DestroyCar", { Tank, range = function(self, load) return self.fuel * load end })

describe("destroying an object", function()
  it("ends it at once", function()
    local o = Car()
    molt.destroy(o)
    assert.is_false(molt.alive(o))
    assert.is_false(molt.is(o, Tank))
  end)

  it("is told by nothing that it returns", function()
    assert.equal(0, select("#", molt.destroy(Car())))
  end)

  it("takes everything from its table", function()
    local o = Car { driver = {}, label = "x", [1] = 2 }
    molt.override(o, "range", function() end)
    molt.destroy(o)
    local keys = {}
    for k in next, o do keys[#keys + 1] = k end
    assert.same({ 0 }, keys)
  end)

  it("lets go of what it held", function()
    local held = setmetatable({ {} }, { __mode = "v" })
    local o = Car { driver = held[1] }
    molt.destroy(o)
    collectgarbage()
    assert.is_nil(held[1])
    assert.is_false(molt.alive(o))
  end)

  it("with attached traits and overrides leaves nothing that could harm the next", function()
    for _ = 1, 50 do
      local o = molt.attach(Car(), Heat)
      molt.override(o, "range", function() return 1 end)
      molt.destroy(o)
    end
    local o = molt.attach(Car(), Heat)
    assert.same({ 10, 20, 1 }, { o.fuel, o:range(2), o.heat })
  end)

  it("a second time is refused", function()
    local o = Car()
    local name = molt.name(o)
    molt.destroy(o)
    refuses(function() molt.destroy(o) end, ("attempt to use a destroyed object (%s)"):format(name))
  end)

  it("in one of its own methods lets the method finish", function()
    local Bomb = molt.class(fresh "Bomb")
    function Bomb:explode()
      self.lit = true
      molt.destroy(self)
      return molt.alive(self), "done"
    end
    local o = Bomb()
    assert.same({ false, "done" }, { o:explode() })
  end)

  it("with many fields of its own takes no longer than that", function()
    local o = Car()
    for i = 1, helper.stress and 10000 or 100000 do o["key" .. i] = i end
    local started = os.clock()
    molt.destroy(o)
    assert.is_true(os.clock() - started < 1)
  end)

  it("does not touch a clone", function()
    local o = Car { fuel = 3 }
    local copy = molt.clone(o)
    molt.destroy(o)
    assert.same({ 3, 6 }, { copy.fuel, copy:range(2) })
  end)
end)

describe("a destroyed object", function()
  local o, message, hint
  before_each(function()
    o = Car { fuel = 3, driver = "Ada" }
    message = ("attempt to use a destroyed object (%s)"):format(molt.name(o))
    molt.tick()
    molt.destroy(o)
    local _, err = pcall(function() return o.fuel end)
    hint = err.hint
    molt.tick()
  end)

  it("says which it was and since when, at every use", function()
    assert.matches("^it was destroyed in tick %d+$", hint)
    refuses(function() return o.fuel + 1 end, message, hint)
    refuses(function() o.fuel = 1 end, message, hint)
    refuses(function() return o.driver .. "" end, message, hint)
    refuses(function() o.anything = 1 end, message, hint)
    refuses(function() o:range(1) end, message, hint)
    refuses(function() o() end, message, hint)
  end)

  it("is refused by every verb, and named", function()
    local _
    refuses(function() molt.attach(o, Heat) end, message, hint)
    refuses(function() molt.detach(o, Tank) end, message, hint)
    refuses(function() _ = molt.as(o, Tank) end, message, hint)
    refuses(function() _ = molt.clone(o) end, message, hint)
    refuses(function() _ = molt.class_of(o) end, message, hint)
    refuses(function() _ = molt.fields(o) end, message, hint)
    refuses(function() _ = molt.methods(o) end, message, hint)
    refuses(function() _ = molt.traits_of(o) end, message, hint)
    refuses(function() molt.override(o, "range", print) end, message, hint)
    refuses(function() molt.restore(o) end, message, hint)
    refuses(function() _ = molt.object(o) end, message, hint)
  end)

  it("is refused by the methods of its class", function()
    assert.has_error(function() Car.range(o, 1) end)
  end)

  it("still has a name, and prints", function()
    assert.matches(molt.name(o), message, 1, true)
    assert.equal("destroyed " .. molt.name(o), tostring(o))
  end)

  it("is still a key and equal to itself", function()
    local set = { [o] = 1 }
    assert.equal(1, set[o])
    assert.is_true(o == o)
  end)

  it("guards its metatable", function()
    assert.equal("destroyed object", getmetatable(o))
    assert.has_error(function() setmetatable(o, nil) end)
  end)

  it("stays destroyed when its place is taken by another", function()
    local others = {}
    for i = 1, 100 do others[i] = Car { fuel = 99 } end
    refuses(function() return o.fuel + 1 end, message, hint)
    assert.same({ false, 99 }, { molt.alive(o), others[100].fuel })
  end)

  it("does not come back to life when [0] is given another's body", function()
    local other = Car { fuel = 99 }
    o[0] = rawget(other, 0)
    assert.has_error(function() return o.fuel end)
    assert.is_false(molt.alive(o))
    assert.has_error(function() molt.destroy(o) end)
    assert.equal(99, other.fuel)
  end)

  it("raises even when its [0] is gone", function()
    rawset(o, 0, nil)
    assert.has_error(function() return o.fuel end)
    assert.has_error(function() molt.destroy(o) end)
    assert.equal("destroyed object", tostring(o))
  end)
end)

describe("a patch of a destroyed object", function()
  it("has nothing left to remove", function()
    local o = Car()
    local patch = molt.override(o, "range", function() end)
    molt.destroy(o)
    assert.is_false(patch:remove())
  end)
end)

describe("molt.destroy", function()
  it("refuses what is no object", function()
    for got, value in pairs { number = 5, string = "x", boolean = true, table = {}, ["function"] = print } do
      refuses(function() molt.destroy(value) end,
        ("bad argument #1 to 'destroy' (object expected, got %s)"):format(got))
    end
    refuses(function() molt.destroy() end, "bad argument #1 to 'destroy' (object expected, got nil)")
    refuses(function() molt.destroy(Car) end, "bad argument #1 to 'destroy' (object expected, got class)")
  end)
end)
