-- A batch of a long random test, in a program of its own:
--
--   luajit property.lua MODULE SEED ROUNDS

package.preload.helper = function()
  return { long = false, stress = false }
end

local name, seed, rounds = arg[1], tonumber(arg[2]), tonumber(arg[3])
local ok, err = pcall(require(name).run, seed, rounds)
print(ok and "property ok" or err)
