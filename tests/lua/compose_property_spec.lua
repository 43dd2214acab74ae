-- Random compositions against a naive model, and the laws they obey: compositions.lua.
-- MOLT_SEED and MOLT_ROUNDS repeat and lengthen a run.

local helper = require "helper"
local property = require "property"

describe("composition", function()
  it("is what the model says", function()
    property.check("compositions", { seed = 20261120, rounds = helper.stress and 100 or 2000, long = 1000000,
      batch = 10000 })
  end)
end)
