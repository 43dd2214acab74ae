-- Which of a class's fills, overrides and wrappers wins, and what shows again without it.

local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh

-- A class whose trait answers "trait", and a function that asks an object of it.
local function new_class()
  local Voice = molt.trait(fresh "Voice", { speak = function() return "trait" end })
  local class = molt.class(fresh "Car", { Voice })
  local o = class()
  return class, function() return o:speak() end, Voice
end

local function says(word)
  return function() return word end
end

local function override(class, word)
  return molt.override(class, "speak", says(word))
end

local function around(class, word)
  return molt.around(class, "speak", function(next, self) return word .. "(" .. next(self) .. ")" end)
end

describe("an override of a class", function()
  it("is hidden by a later definition, and removed beneath it", function()
    local class, speak = new_class()
    local patch = override(class, "override")
    class.speak = says "fill"
    assert.equal("fill", speak())
    assert.is_true(patch:remove())
    assert.equal("fill", speak())
    class.speak = nil
    assert.equal("trait", speak())
  end)

  it("shows again when the later definition goes", function()
    local class, speak = new_class()
    local patch = override(class, "override")
    class.speak = says "fill"
    class.speak = nil
    assert.equal("override", speak())
    class.speak = nil                            -- takes definitions away, no patches
    assert.equal("override", speak())
    assert.is_true(patch:remove())
    assert.equal("trait", speak())
  end)

  it("hides an earlier definition, which shows again when it is removed", function()
    local class, speak = new_class()
    class.speak = says "fill"
    local patch = override(class, "override")
    assert.equal("override", speak())
    patch:remove()
    assert.equal("fill", speak())
  end)

  it("is hidden by an implementation used later, and shows again when that is dropped", function()
    local class, speak, Voice = new_class()
    override(class, "override")
    local loud = molt.impl(Voice, { speak = says "loud" })
    molt.use(class, loud)
    assert.equal("loud", speak())
    molt.drop(class, loud)
    assert.equal("override", speak())
  end)

  it("hides an implementation used before, be it edited, until that is used again", function()
    local class, speak, Voice = new_class()
    local loud = molt.impl(Voice, { speak = says "loud" })
    molt.use(class, loud)
    override(class, "override")
    loud.speak = says "louder"
    assert.equal("override", speak())
    molt.use(class, loud)
    assert.equal("louder", speak())
  end)

  it("is restored with all patches, and definitions stay", function()
    local class, speak = new_class()
    override(class, "below")
    class.speak = says "fill"
    override(class, "above")
    around(class, "a")
    assert.equal("a(above)", speak())
    assert.equal(3, molt.restore(class))
    assert.equal("fill", speak())
  end)

  it("is told of as hidden by the later definition", function()
    local class = new_class()
    override(class, "override")
    class.speak = says "fill"
    local told = molt.methods(class).speak
    assert.same({ "fill", nil, "fill", "override", "trait" },
      { told.layer, told.kind, told.hides[1].layer, told.hides[1].kind, told.hides[2].layer })
  end)
end)

describe("a wrapper of a class", function()
  it("is around definitions, earlier and later", function()
    for _, order in ipairs { "before", "after" } do
      local class, speak = new_class()
      if order == "before" then class.speak = says "fill" end
      local patch = around(class, "a")
      if order == "after" then class.speak = says "fill" end
      assert.equal("a(fill)", speak())
      patch:remove()
      assert.equal("fill", speak())
    end
  end)

  it("that came before an override is hidden by it, and shows again with a later definition", function()
    local class, speak = new_class()
    around(class, "a")
    local patch = override(class, "override")
    assert.equal("override", speak())
    around(class, "b")
    assert.equal("b(override)", speak())
    class.speak = says "fill"
    assert.equal("b(a(fill))", speak())
    class.speak = nil
    assert.equal("b(override)", speak())
    patch:remove()
    assert.equal("b(a(trait))", speak())
  end)
end)

describe("of a method declared `all`, a definition", function()
  it("that comes after an override brings back the others", function()
    local said = {}
    local Body = molt.trait(fresh "Body", { "all void update()", update = function() said[#said + 1] = "body" end })
    local class = molt.class(fresh "Tank", { Body })
    local o = class()
    molt.override(class, "update", function() said[#said + 1] = "override" end)
    o:update()
    function class.update() said[#said + 1] = "class" end
    o:update()
    assert.same({ "override", "body", "class" }, said)
  end)
end)
