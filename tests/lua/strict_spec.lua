-- A class becomes strict, or ceases to be, by its declaration: objects that live follow.

local molt = require "molt"
local helper = require "helper"

local fresh = helper.fresh

local function writes(o, name) return (pcall(function() o[name] = 1 end)) end
local function reads(o, name) return (pcall(function() return o[name] end)) end

describe("a class declared again as strict", function()
  local T

  before_each(function() T = molt.trait(fresh "T", { "double fuel = 10", "any driver" }) end)

  it("is strict to objects that live, and not when it says so no longer", function()
    local name = fresh "Class"
    local o = molt.class(name, { T })()
    assert.is_true(writes(o, "typo"))
    for _ = 1, 2 do
      molt.class(name, { T, strict = true })
      assert.is_false(writes(o, "tyop") or reads(o, "tyop"))
      assert.same({ true, true, true }, { writes(o, "fuel"), writes(o, "driver"), reads(o, "typo") })
      assert.is_false(writes(molt.find(name)(), "typo"))
      molt.class(name, { T })
      assert.is_true(writes(o, "tyop") and reads(o, "nothing"))
      assert.is_true(writes(molt.find(name)(), "typo"))
      o.tyop = nil
    end
  end)

  it("is so in compiled code", function()
    local name = fresh "Class"
    local o = molt.class(name, { T })()
    local failed = 0
    local function touch() return o.unknown end
    for i = 1, 300 do
      if i == 200 then molt.class(name, { T, strict = true }) end
      if not pcall(touch) then failed = failed + 1 end
    end
    assert.equal(101, failed)
  end)

  it("is so when its layout changes, too", function()
    local name = fresh "Class"
    local o = molt.class(name, { T })()
    molt.class(name, { molt.trait(fresh "More", { "double more = 2" }), T, strict = true })
    assert.equal(2, o.more)
    assert.is_false(writes(o, "typo") or reads(o, "typo"))
    molt.class(name, { T })
    assert.is_true(writes(o, "typo"))
  end)

  it("makes those that extend it strict, what is attached to their objects, and no others", function()
    local name, other = fresh "Base", molt.class(fresh "Other", { T })()
    local Base = molt.class(name, { T })
    local Sub, own = molt.class(fresh "Sub", { extends = Base }), fresh "Own"
    local Own = molt.class(own, { extends = Base, strict = true })
    local o, p = molt.attach(Sub(), molt.trait(fresh "A", { "double heat" })), Own()
    molt.class(name, { T, strict = true })
    assert.is_false(writes(o, "typo") or writes(p, "typo") or writes(Sub(), "typo"))
    assert.is_true(writes(other, "typo") and writes(o, "heat"))
    molt.class(name, { T })
    assert.is_true(writes(o, "typo"))
    assert.is_false(writes(p, "typo"))
  end)

  it("follows a base that is, and one that it has no longer", function()
    local name = fresh "Class"
    local Strict = molt.class(fresh "Strict", { strict = true })
    local o = molt.class(name, { T })()
    molt.class(name, { T, extends = Strict })
    assert.is_false(writes(o, "typo"))
    molt.class(name, { T })
    assert.is_true(writes(o, "typo"))
  end)

  it("asks its own __index before it refuses", function()
    local name = fresh "Class"
    local function index(_, k) return k == "known" and 1 or nil end
    local o = molt.class(name, { T, __index = index })()
    molt.class(name, { T, __index = index, strict = true })
    assert.equal(1, o.known)
    assert.is_false(reads(o, "unknown"))
    molt.class(name, { T, __index = index })
    assert.is_nil(o.unknown)
  end)

  it("stays as it was when the declaration is refused", function()
    local name = fresh "Class"
    local o = molt.class(name, { T })()
    assert.is_false(pcall(molt.class, name, { T, strict = true, migrate = function() error "no" end }))
    assert.is_true(writes(o, "typo"))
  end)
end)
