-- The vehicle story: a thousand objects, and everything about them that can
-- change while they live. Run it by `./molt demo`.
--
-- Every answer of every object is compared with one worked out from the file
-- that the objects were read from. A wrong one ends the demo with status 1.

local ffi = require "ffi"
local molt = require "molt"

local here = arg[0]:match("^(.*)/") or "."
local folder                             -- the temporary one

-- ------------------------------------------------------------- telling

ffi.cdef [[
  typedef struct { long sec, nsec; } demo_time;
  int clock_gettime(int clock, demo_time *now);
]]
local moment = ffi.new("demo_time")

local function clock()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.sec) + tonumber(moment.nsec) * 1e-9
end

-- "12.3 ms", "870 µs": three digits are enough.
local function time(seconds)
  local unit, value = "s ", seconds
  if seconds < 1e-3 then unit, value = "µs", seconds * 1e6
  elseif seconds < 1 then unit, value = "ms", seconds * 1e3 end
  local decimals = value < 10 and 2 or value < 100 and 1 or 0
  return ("%6." .. decimals .. "f %s"):format(value, unit)
end

local function thousands(n)
  local text = ("%.0f"):format(n)
  repeat
    local more
    text, more = text:gsub("^(%d+)(%d%d%d)", "%1,%2")
  until more == 0
  return text
end

local chapters = 0
local function chapter(title)
  chapters = chapters + 1
  print(("\n%d  %s"):format(chapters, title))
end

local function note(text, ...)
  print("   " .. text:format(...))
end

-- What was done, and how long it took.
local function did(seconds, text, ...)
  text = text:format(...)
  local _, letters = text:gsub("[^\128-\191]", "")
  print(("   %s%s %s"):format(text, (" "):rep(56 - letters), time(seconds)))
end

local function timed(fn, ...)
  local start = clock()
  local result = fn(...)
  return clock() - start, result
end

-- ------------------------------------------------------------- checking

local checked = 0

local function expect(got, wanted, what)
  checked = checked + 1
  if got ~= wanted then
    error(("%s: expected %s, got %s"):format(what, tostring(wanted), tostring(got)), 2)
  end
end

-- ------------------------------------------------------------- the input

local function read_fleet(file)
  local rows = {}
  for line in io.lines(file) do
    local number, kind, tank, consumption, fuel = line:match("^(%d+),(%a+),%d+,([%d.]+),([%d.]+),([%d.]+),%d+$")
    if number then
      rows[#rows + 1] = {
        number = number, kind = kind,
        tank = tonumber(tank), consumption = tonumber(consumption), fuel = tonumber(fuel),
      }
    end
  end
  return rows
end

-- The truth: kilometres, from the file alone.
local function range_of(row, load, reserve)
  local usable = math.max(0, row.fuel - reserve * row.tank)
  return 100 * usable / (row.consumption * (1 + 0.3 * load))
end

-- ------------------------------------------------------------- the compiler

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  assert(file:close())
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- `molt build`; without the molt command, the line that it comes to.
local function build_command()
  local molt_command = os.getenv "MOLT_COMMAND"
  if molt_command then return quoted(molt_command) .. " build fleet.c" end
  local line = "cc -std=gnu17 -O2 -fPIC -shared -fvisibility=hidden -Wl,--build-id -I%s fleet.c -o new.so"
  return line:format(quoted(here .. "/../core/include")) .. " && mv new.so fleet.so"
end

local building = false

-- Starts a build and comes back at once; the file `done` tells of its end.
local function start_build()
  building = true
  os.remove(folder .. "/done")
  os.execute(("cd %s && { { %s; } >log 2>&1; echo $? >status; mv status done; } &")
    :format(quoted(folder), build_command()))
end

local function build_is_done()
  local file = io.open(folder .. "/done")
  if not file then return false end
  local status = file:read("*n")
  file:close()
  building = false
  if status ~= 0 then error("the build failed:\n" .. read(folder .. "/log"), 0) end
  return true
end

local function build()
  start_build()
  while not build_is_done() do os.execute("sleep 0.01") end
end

-- Changes one line of the C file.
local function edit(from, to)
  local path = folder .. "/fleet.c"
  local text, count = read(path):gsub(from:gsub("%p", "%%%0"), (to:gsub("%%", "%%%%")))
  assert(count == 1, "nothing to edit in " .. path)
  write(path, text)
  note("fleet.c  - %s", from)
  note("         + %s", to)
end

-- ------------------------------------------------------------- the story

local function main()
  local rows = read_fleet(here .. "/fleet/fleet.csv")
  print(("%s: %s vehicles, one process"):format(molt._VERSION, thousands(#rows)))

  chapter("A class, in Lua")

  local Vehicle = molt.trait("Vehicle", {
    "double tank = 50",                  -- typed fields: in C memory
    "double fuel = 0",
    "double consumption = 6",
    "any number",                        -- Lua-valued fields: in the object's table
    "any kind",
    "double range(double load)",         -- Lua or C may fill it
  })
  local Car = molt.class("Car", { Vehicle })

  function Car:range(load)
    return 100 * self.fuel / (self.consumption * (1 + 0.3 * load))
  end

  local cars = {}
  did(timed(function()
    for i, row in ipairs(rows) do
      cars[i] = Car { number = row.number, kind = row.kind,
        tank = row.tank, consumption = row.consumption, fuel = row.fuel }
    end
  end), "%s objects made from fleet.csv", thousands(#rows))

  -- Every vehicle, empty and loaded, against the file.
  local function check_all(reserve)
    local total = 0
    for i, car in ipairs(cars) do
      local km = car:range(0)
      expect(km, range_of(rows[i], 0, reserve), tostring(car))
      expect(car:range(0.5), range_of(rows[i], 0.5, reserve), tostring(car))
      total = total + km
    end
    return total
  end

  local seconds, total = timed(check_all, 0)
  did(seconds, "range of each: %s km in all, as the file says", thousands(total))
  note("%s", tostring(cars[1]))

  chapter("C answers for the objects that are there")

  write(folder .. "/fleet.c", read(here .. "/fleet/fleet.c"))
  did(timed(build), "fleet.c compiled")
  local fleet
  did(timed(function() fleet = assert(molt.load(folder .. "/fleet")) end), "fleet.so loaded, generation %d", 1)
  expect(fleet.generation, 1, "generation")
  did(timed(molt.use, Car, fleet.Vehicle), "molt.use(Car, fleet.Vehicle)")
  expect(molt.methods(cars[1]).range.native, true, "range is native")
  did(timed(check_all, 0), "range of each, by C: the same to the last bit")
  note("%s", tostring(cars[1]))

  chapter("The C file changes while a loop runs")

  -- Goes over all objects again and again. The build runs beside it; as soon as
  -- it is done, the module is reloaded in the middle of a pass.
  local function loop_until_reloaded(before, after)
    local passes, middle = 0, math.floor(#cars / 2)
    local start, report, pause = clock(), nil, 0
    repeat
      local reserve = before
      local reload = build_is_done()
      for i, car in ipairs(cars) do
        local km = car:range(0)
        if km ~= range_of(rows[i], 0, reserve) then
          error(("%s answers %g km, expected %g"):format(tostring(car), km, range_of(rows[i], 0, reserve)))
        end
        if reload and i == middle then
          pause, report = timed(function() return assert(fleet:reload()) end)
          reserve = after
        end
      end
      checked = checked + #cars
      passes = passes + 1
      molt.tick()
      if clock() - start > 60 then error("the build does not end") end
    until reload
    did(clock() - start, "%s answers meanwhile, all of them right", thousands(passes * #cars))
    did(pause, "generation %d → %d, after vehicle %d of a pass", report.from, report.to, middle)
    did(timed(check_all, after), "range of each, with %.0f %% in reserve", after * 100)
  end

  edit("#define RESERVE 0.00", "#define RESERVE 0.05")
  start_build()
  loop_until_reloaded(0.00, 0.05)
  print()
  edit("#define RESERVE 0.05", "#define RESERVE 0.10")
  start_build()
  loop_until_reloaded(0.05, 0.10)

  chapter("A reload that does not fit is refused")

  edit("FIELD (double, tank, 50)", "FIELD (float,  tank, 50)")
  build()
  local err
  seconds = timed(function() err = select(2, fleet:reload()) end)
  expect(err and err.code, "declaration", "a changed layout")
  did(seconds, "module:reload() → nil, error of code '%s'", err.code)
  note("%s", err.message:match("its fields are .-}"))
  expect(fleet.generation, 3, "generation")
  did(timed(check_all, 0.10), "generation %d still answers for each", fleet.generation)

  chapter("One object has what the others lack")

  local Taxi = molt.trait("Taxi", {
    "double rate = 2.20",
    "double earned = 0",
    ride = function(self, km)
      self.earned = self.earned + km * self.rate
      return self.earned
    end,
  })
  local taxi, other = cars[7], cars[8]
  did(timed(molt.attach, taxi, Taxi, { rate = 2.50 }), "Taxi attached to number %s", taxi.number)
  note("%s", tostring(taxi))
  expect(taxi:ride(12) + taxi:ride(8), 30 + 50, "the taxi's rides")
  expect(molt.is(other, Taxi), false, "is another a taxi")
  expect(other.ride, nil, "another's ride")
  expect(molt.count(Taxi), 1, "taxis")
  note("two rides: %.2f earned; taxis among %s vehicles: %d", taxi.earned, thousands(molt.count(Car)), molt.count(Taxi))
  did(timed(molt.detach, taxi, Taxi), "and detached")
  expect(taxi.ride, nil, "ride after detach")
  expect(molt.count(Taxi), 0, "taxis after detach")
  check_all(0.10)

  chapter("A method overridden, and restored")

  did(timed(molt.override, taxi, "range", function() return -1 end), "for number %s alone", taxi.number)
  expect(taxi:range(0), -1, "the overridden range")
  expect(other:range(0), range_of(rows[8], 0, 0.10), "another's range")
  did(timed(molt.override, Car, "range", function(self) return self.tank end), "for the class: all but that one follow")
  for i, car in ipairs(cars) do expect(car:range(0), i == 7 and -1 or rows[i].tank, tostring(car)) end
  did(timed(molt.restore, taxi), "restored for the one: it follows its class")
  expect(taxi:range(0), rows[7].tank, "the class's range")
  did(timed(molt.restore, Car), "restored for the class")
  did(timed(check_all, 0.10), "range of each, by C again")

  chapter("And back to Lua")

  did(timed(molt.drop, Car, fleet.Vehicle), "molt.drop(Car, fleet.Vehicle)")
  expect(molt.methods(cars[1]).range.native, false, "range is native")
  did(timed(check_all, 0), "range of each: %s km in all, as at first", thousands(total))
  expect(molt.count(Car), #rows, "objects alive")

  print(("\n%s answers checked\n"):format(thousands(checked)))
  return #rows, fleet.generation
end

-- ------------------------------------------------------------- the frame

local pipe = assert(io.popen("mktemp -d"))
folder = pipe:read("*l")
pipe:close()

local ok, objects, generations = xpcall(main, function(err)
  return type(err) == "string" and debug.traceback(err, 2) or tostring(err)
end)
for _ = 1, 500 do                        -- nothing may write into the folder after it is gone
  if not building then break end
  pcall(build_is_done)
  os.execute("sleep 0.01")
end
os.execute("rm -rf " .. quoted(folder))
if not ok then
  io.stderr:write("demo failed: ", objects, "\n")
  os.exit(1)
end
print(("demo ok: %d objects, %d generations"):format(objects, generations))

--[[
molt 0.1.0: 1,000 vehicles, one process

1  A class, in Lua
   1,000 objects made from fleet.csv …
   range of each: 412,530 km in all, as the file says …
   Car#1 {Vehicle}

2  C answers for the objects that are there
   fleet.c compiled …
   fleet.so loaded, generation 1 …
   molt.use(Car, fleet.Vehicle) …
   range of each, by C: the same to the last bit …
   Car#1 {Vehicle*}

3  The C file changes while a loop runs
   fleet.c  - #define RESERVE 0.00
            + #define RESERVE 0.05
   … answers meanwhile, all of them right …
   generation 1 → 2, after vehicle 500 of a pass …
   range of each, with 5 % in reserve …

   fleet.c  - #define RESERVE 0.05
            + #define RESERVE 0.10
   … answers meanwhile, all of them right …
   generation 2 → 3, after vehicle 500 of a pass …
   range of each, with 10 % in reserve …

4  A reload that does not fit is refused
   fleet.c  - FIELD (double, tank, 50)
            + FIELD (float,  tank, 50)
   module:reload() → nil, error of code 'declaration' …
   its fields are { float tank; double fuel; double consumption }
   generation 3 still answers for each …

5  One object has what the others lack
   Taxi attached to number 0007 …
   Car#7 {Vehicle*, Taxi}
   two rides: 50.00 earned; taxis among 1,000 vehicles: 1
   and detached …

6  A method overridden, and restored
   for number 0007 alone …
   for the class: all but that one follow …
   restored for the one: it follows its class …
   restored for the class …
   range of each, by C again …

7  And back to Lua
   molt.drop(Car, fleet.Vehicle) …
   range of each: 412,530 km in all, as at first …

… answers checked

demo ok: 1000 objects, 3 generations
]]
