-- Thousands of reloads leave nothing behind (soak.lua). MOLT_ROUNDS=… for another length.

local dir = require "pl.dir"
local helper = require "helper"

local rounds = tonumber(os.getenv "MOLT_ROUNDS") or (helper.long and 10000 or 300)

local function soak(kind)
  local folder = os.tmpname() .. ".d"
  dir.makepath(folder)
  local command = ("MOLT_SOURCE_DIR='%s' LUA_CPATH='%s/lib/?.so;;' %s '%s/tests/lua/soak.lua' %s %d '%s' 2>&1"):format(
    helper.source_dir, helper.build_dir, helper.lua, helper.source_dir, kind, rounds, folder)
  local pipe = io.popen(command)
  local output = pipe:read("*a")
  pipe:close()
  dir.rmtree(folder)
  if helper.long then print(output) end
  return output
end

describe("memory, mappings, descriptors, copies, ctypes and the registry", function()
  it(("stay as they are over %d reloads of a module that a thousand objects use"):format(rounds), function()
    local output = soak "accepted"
    assert.truthy(output:find("soak ok", 1, true), output)
  end)

  it(("stay as they are over %d reloads that are refused"):format(rounds), function()
    local output = soak "refused"
    assert.truthy(output:find("soak ok", 1, true), output)
  end)
end)
