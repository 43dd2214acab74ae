-- The torture of torture.lua in a program of its own, which ends by closing the
-- Lua state over whatever is alive:
--
--   luajit torture.lua SEED ROUNDS [MODE…]
--
-- MODE: stress (the collector never rests), always (each look at whether a
-- collection is due makes a whole one), few (at most ten objects), trace.

local source = os.getenv "MOLT_SOURCE_DIR" or "."
local build = os.getenv "MOLT_BUILD_DIR" or "build"
package.path = source .. "/tests/lua/?.lua;" .. package.path

local molt = require "molt"
local torture = require "torture"

local seed, rounds = tonumber(arg[1]), tonumber(arg[2])
local modes = {}
for i = 3, #arg do modes[arg[i]] = true end

if modes.stress or modes.always then
  collectgarbage("setpause", 0)
  collectgarbage("setstepmul", modes.always and 0 or 10000)
end

local native = assert(molt.load(build .. "/tests/natives/border"))
local start = os.clock()
torture.run { seed = seed, rounds = rounds, native = native, trace = modes.trace, most = modes.few and 10 or nil }
print(("torture ok: seed %d, %d rounds, %.1f s"):format(seed, rounds, os.clock() - start))
