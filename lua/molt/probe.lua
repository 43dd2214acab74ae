-- molt.probe: whether native modules are tried in a forked child first.

local core = require "molt.core"
local check = require "molt.check"

-- molt.probe([on]) -> is it on; for this world, from now on.
return function(on)
  if on ~= nil and type(on) ~= "boolean" then check.argument(1, "probe", "boolean or nothing", on) end
  return core.module_probe(on)
end
