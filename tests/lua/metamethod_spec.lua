-- Metamethods compose like any other method.

local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local function value(v)
  return type(v) == "table" and v.n or v
end

local function operator(name, fn)
  return molt.class(fresh "Op", { molt.trait(fresh "N", { "double n" }), [name] = fn })
end

describe("an operator", function()
  local results = {
    __add = function(a, b) return a + b end, __sub = function(a, b) return a - b end,
    __mul = function(a, b) return a * b end, __div = function(a, b) return a / b end,
    __mod = function(a, b) return a % b end, __pow = function(a, b) return a ^ b end,
    __concat = function(a, b) return a .. b end,
  }
  for name, apply in pairs(results) do
    it("is defined by " .. name .. ", whichever side the object is on", function()
      local C = operator(name, function(a, b) return "got " .. apply(value(a), value(b)) end)
      local o = C { n = 7 }
      assert.equal("got " .. apply(7, 2), apply(o, 2))
      assert.equal("got " .. apply(2, 7), apply(2, o))
      assert.equal("got " .. apply(7, 7), apply(o, C { n = 7 }))
    end)
  end

  it("with one operand is __unm", function()
    assert.equal(-4, -operator("__unm", function(a) return -a.n end) { n = 4 })
  end)

  it("that calls is __call", function()
    assert.equal(6, operator("__call", function(self, a, b) return self.n + a + b end) { n = 1 }(2, 3))
  end)

  it("for text is __tostring; without it the object describes itself", function()
    local C = operator("__tostring", function(self) return "n is " .. self.n end)
    local o = C { n = 4 }
    assert.equal("n is 4", tostring(o))
    C.__tostring = nil
    assert.matches("^Op_%d+#%d+ {N_%d+}$", tostring(o))
  end)

  it("may be brought by a trait, an implementation, a base class", function()
    local T = molt.trait(fresh "T", { __unm = function() return "trait" end })
    local Base = molt.class(fresh "Base", { T })
    local o = molt.class(fresh "Sub", { extends = Base })()
    assert.equal("trait", -o)
    molt.use(Base, molt.impl(T, { __unm = function() return "impl" end }))
    assert.equal("impl", -o)
  end)

  it("comes and goes with a trait attached to one object", function()
    local T = molt.trait(fresh "T", { __unm = function() return "T" end })
    local C = molt.class(fresh "C", {})
    local o, other = molt.attach(C(), T), C()
    assert.equal("T", -o)
    assert.has_error(function() return -other end)
    molt.detach(o, T)
    assert.has_error(function() return -o end)
  end)

  it("follows edits in code that is compiled already", function()
    local C = operator("__add", function(a, b) return a.n + b end)
    local o, sum = C { n = 1 }, 0
    local function loop() for _ = 1, 200 do sum = sum + (o + 1) end end
    loop()
    assert.equal(400, sum)
    local patch = molt.override(C, "__add", function() return 10 end)
    loop()
    assert.equal(2400, sum)
    patch:remove()
    loop()
    assert.equal(2800, sum)
  end)

  it("of two traits is a conflict like any other", function()
    local function bring() return molt.trait(fresh "T", { __add = function() end }) end
    local C = molt.class(fresh "C", { bring(), bring() })
    local ok, err = pcall(C)
    assert.is_false(ok)
    assert.equal("conflict", err.code)
  end)

  it("is listed by molt.methods", function()
    assert.equal("fill", molt.methods(operator("__add", function() end)).__add.layer)
  end)

  it("cannot be overridden on one object", function()
    local o = operator("__add", function() end)()
    refuses(function() molt.override(o, "__add", function() end) end, "'__add' cannot be overridden on one object",
      "Lua looks for it in the metatable: override it on the class, or attach a trait that defines it")
    refuses(function() o.__add = function() end end, "'__add' cannot be overridden on one object")
  end)
end)

describe("a comparison", function()
  local Number = molt.trait(fresh "Number", { "double n",
    __eq = function(a, b) return a.n == b.n end,
    __lt = function(a, b) return a.n < b.n end,
    __le = function(a, b) return a.n <= b.n end,
  })
  local A, B = molt.class(fresh "A", { Number }), molt.class(fresh "B", { Number })

  it("works between objects of different shapes", function()
    assert.is_true(A { n = 1 } == B { n = 1 })
    assert.is_false(A { n = 1 } == B { n = 2 })
    assert.is_true(A { n = 1 } < B { n = 2 })
    assert.is_true(A { n = 2 } <= B { n = 2 })
    local o = molt.attach(A { n = 3 }, molt.trait(fresh "Extra", {}))
    assert.is_true(o == A { n = 3 })
    assert.is_true(o > B { n = 2 })
  end)

  it("is the left operand's when the two differ", function()
    local C = molt.class(fresh "C", { Number, __eq = function() return true end })
    assert.is_true(C { n = 1 } == A { n = 2 })
    assert.is_false(A { n = 2 } == C { n = 1 })
  end)

  it("is Lua's own when only one side defines it", function()
    local Plain = molt.class(fresh "Plain", {})
    assert.is_false(A() == Plain())
    assert.has_error(function() return A() < Plain() end)
  end)

  it("falls back to __lt where __le is missing", function()
    local C = molt.class(fresh "C", { "n" and molt.trait(fresh "M", { "double n" }),
      __lt = function(a, b) return a.n < b.n end })
    assert.is_true(C { n = 1 } <= C { n = 1 })
  end)

  it("follows edits", function()
    local C = molt.class(fresh "C", { Number })
    local a, b = C { n = 1 }, C { n = 2 }
    assert.is_false(a == b)
    C.__eq = function() return true end
    assert.is_true(a == b)
    C.__eq = nil
    assert.is_false(a == b)
  end)

  it("sorts", function()
    local list = { A { n = 3 }, B { n = 1 }, A { n = 2 } }
    table.sort(list)
    assert.same({ 1, 2, 3 }, { list[1].n, list[2].n, list[3].n })
  end)
end)

describe("__index", function()
  local T = molt.trait(fresh "T", { "double x = 1", "any label", "bool on",
    __index = function(_, k) return "no " .. tostring(k) end, method = function() return "m" end })

  it("answers for names that are neither methods nor fields", function()
    local o = molt.class(fresh "C", { T })()
    assert.equal("no y", o.y)
    assert.equal("no 3", o[3])
    assert.equal(1, o.x)
    assert.equal("m", o:method())
    assert.is_nil(o.label)
    assert.is_false(o.on)
    o.y = 5
    assert.equal(5, o.y)
  end)

  it("follows edits and attachments", function()
    local C = molt.class(fresh "C", {})
    local o = C()
    assert.is_nil(o.y)
    C.__index = function(_, k) return k .. "!" end
    assert.equal("y!", o.y)
    molt.attach(o, T)
    assert.equal("no y", o.y)
    molt.detach(o, T)
    assert.equal("y!", o.y)
    C.__index = nil
    assert.is_nil(o.y)
  end)

  it("comes before a strict class's error", function()
    local C = molt.class(fresh "C", { strict = true, __index = function(_, k) return k == "y" and 1 or nil end })
    local o = C()
    assert.equal(1, o.y)
    assert.has_error(function() return o.z end)
  end)

  it("may raise an error", function()
    local C = molt.class(fresh "C", { __index = function() error("no", 0) end })
    assert.has_error(function() return C().y end, "no")
  end)
end)

describe("a name that Lua knows, but objects have no use for", function()
  it("is a plain method", function()
    local o = molt.class(fresh "C", { __len = function() return 7 end, __newindex = function() return 8 end })()
    o.x = 1
    assert.same({ 7, 8, 1, 0 }, { o:__len(), o:__newindex(), o.x, #o })
  end)
end)
