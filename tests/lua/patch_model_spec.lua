-- Random sequences of changes to live objects against a naive model: sequences.lua.
-- MOLT_SEED and MOLT_ROUNDS repeat and lengthen a run.

local helper = require "helper"
local property = require "property"

describe("patches, fills, edits and traits", function()
  it("do what the model says", function()
    property.check("sequences", { seed = 20260101, rounds = helper.stress and 10 or 150, long = 100000, batch = 1000 })
  end)
end)
