-- Classes and traits with a method declared `all` are declared again at random, while
-- objects gain and lose traits: luajit redeclare.lua SEED STEPS. What ends must be
-- looked at by nobody: under a sanitizer, or with MALLOC_PERTURB_, it would be seen.
local molt = require "molt"

local seed, steps = tonumber(arg[1]), tonumber(arg[2])
math.randomseed(seed)

local traits, classes, objects = {}, {}, {}

local function pick(list) return list[math.random(#list)] end

local function maybe(odds) return math.random(odds) == 1 end

local function says(what)
  return function(self) self.said = what end
end

local function piece()
  local t = traits[math.random(#traits)]
  if maybe(3) then return molt.alias(t, { u = "yy" }) end
  if maybe(3) then return molt.rename(t, { u = "zz" }) end
  return t
end

local acts = {}

function acts.trait()
  local i = math.random(6)
  local spec = { redefine = true, maybe(2) and "double x" .. i or nil }
  spec[#spec + 1] = "all void u()"
  if maybe(2) then spec.u = says("T" .. i) end
  traits[i] = molt.trait("T" .. i, spec)
end

function acts.class()
  local i, spec = math.random(6), { redefine = true, strict = maybe(6) or nil }
  for j = 1, math.random(0, 3) do spec[j] = piece() end
  if maybe(3) and classes[1] then spec.extends = pick(classes) end
  if maybe(2) then spec.u = says("C" .. i) end
  local ok, class = pcall(molt.class, "C" .. i, spec)
  if ok and not classes[i] then classes[#classes + 1] = class end
end

function acts.new() objects[#objects % 20 + 1] = pick(classes)() end

function acts.attach() molt.attach(pick(objects), piece()) end

function acts.detach() molt.detach(pick(objects), pick(traits)) end

function acts.call() pick(objects):u() end

for i = 1, 6 do traits[i] = molt.trait("T" .. i, { "double x" .. i, "all void u()", u = says("T" .. i) }) end
local names = { "trait", "class", "class", "new", "attach", "attach", "detach", "call" }
for _ = 1, steps do pcall(acts[pick(names)]) end
print "redeclared ok"
