-- Many shapes and many classes in one process, which LuaJIT's table of 65,536 C types
-- must outlast:
--
--   luajit combinations.lua COMBINATIONS CLASSES

local molt = require "molt"
local combinations, classes = tonumber(arg[1]), tonumber(arg[2])

-- Twenty traits with a field and a method each: bit i of a number says that trait i is there.
local traits = {}
for i = 0, 19 do
  traits[i] = molt.trait("Trait" .. i, {
    ("double f%d = %d"):format(i, i), ("double m%d(double x)"):format(i),
    ["m" .. i] = function(self, x) return self["f" .. i] + x end,
  })
end

local function combine(Class, number)
  local o, list = Class(), {}
  for i = 0, 19 do
    if math.floor(number / 2 ^ i) % 2 == 1 then list[#list + 1] = traits[i] end
  end
  return molt.attach(o, list)
end

local function check(o, number)
  for i = 0, 19 do
    local has = math.floor(number / 2 ^ i) % 2 == 1
    assert(molt.is(o, traits[i]) == has)
    assert(o["f" .. i] == (has and i or nil))
    assert(not has or o["m" .. i](o, 0.5) == i + 0.5)
  end
end

local Box = molt.class("Box", {})
local start = os.clock()
for number = 1, combinations do
  local o = combine(Box, number)
  if number % 97 == 0 then check(o, number) end
end
print(("%d combinations, %.1f s"):format(combinations, os.clock() - start))

-- Each class has a trait of its own: eight fields and eight methods, of which no two
-- classes have the same.
local function new_class(number)
  local spec = {}
  for i = 1, 8 do
    spec[#spec + 1] = ("%s f%d_%d = %d"):format(i % 2 == 0 and "double" or "int32_t", number, i, i)
    spec[#spec + 1] = ("double m%d_%d(double x)"):format(number, i)
    local field = ("f%d_%d"):format(number, i)
    spec[("m%d_%d"):format(number, i)] = function(self, x) return self[field] * x end
  end
  return molt.class("Class" .. number, { molt.trait("Of" .. number, spec) })
end

start = os.clock()
local last
for number = 1, classes do
  local o = new_class(number)()
  for i = 1, 8, 7 do
    o[("f%d_%d"):format(number, i)] = 3
    assert(o[("m%d_%d"):format(number, i)](o, 2) == 6)
  end
  last = o
end
assert(molt.count() >= 1 and molt.alive(last))
print(("%d classes, %.1f s"):format(classes, os.clock() - start))

-- There is room for more C types still.
local ffi = require "ffi"
local room = tonumber(ffi.typeof("struct { int only_here; }"))
print(("%d C types of 65536"):format(room))
assert(room < 60000)
