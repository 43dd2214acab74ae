-- Live objects and an edited C file: what a reload does, and what it refuses.
--
--   ./molt run examples/reload.lua          edits a copy of examples/reload/drone.c
--                                           and tells what becomes of each edit
--   ./molt run examples/reload.lua follow   waits for you: edit examples/reload/drone.c,
--                                           ./molt build examples/reload/drone.c

local molt = require "molt"

local here = arg[0]:match("^(.*)/") or "."
local file                               -- the C file

local function write(name, text)
  local out = assert(io.open(name, "wb"))
  out:write(text)
  assert(out:close())
end

local function read(name)
  local input = assert(io.open(name, "rb"))
  local text = input:read("*a")
  input:close()
  return text
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function build()
  local command = os.getenv "MOLT_COMMAND" or here .. "/../molt"
  assert(os.execute(quoted(command) .. " build " .. quoted(file) .. " >/dev/null") == 0, "the build failed")
end

-- Changes lines of the C file, and builds it.
local function edit(changes)
  local text = read(file)
  for _, change in ipairs(changes) do
    local from, to = change[1], change[2]
    local first, last = text:find(from, 1, true)
    text = text:sub(1, first - 1) .. to .. text:sub(last + 1)
    for line in from:gmatch "[^\n]+" do print("   - " .. line) end
    for line in to:gmatch "[^\n]+" do print("   + " .. line) end
  end
  write(file, text)
  build()
end

local function show(drones)
  for _, drone in ipairs(drones) do
    print(("   %-7s  %3.0f %%  reaches %4.1f km"):format(drone.name, drone.charge, drone:reach(10)))
  end
end

-- Reloads, and tells the outcome without the folder, which is another each time.
local function reload(drone)
  local report, err = drone:reload()
  if report and report.unchanged then return end
  if report then print("   accepted: generation " .. report.to)
  else print("   " .. err.message:gsub("[^%s]*/drone%.so", "drone.so"):gsub("; it is used", "\nit is used")
    :gsub("\n", "\n     ")) end
  molt.tick()
  return true
end

local function new_drones(drone)
  local Drone = molt.class("Drone", { drone.Drone })
  return { Drone { name = "Ada" }, Drone { name = "Bob", charge = 60 }, Drone { name = "Cy", speed = 25 } }
end

local function follow()
  file = here .. "/reload/drone.c"
  build()
  local drone = assert(molt.load(here .. "/reload/drone"))
  local drones = new_drones(drone)
  show(drones)
  print("   edit " .. file .. ", then: ./molt build " .. file)
  io.stdout:flush()
  while true do
    if reload(drone) then show(drones) end
    io.stdout:flush()
    os.execute "sleep 0.2"
  end
end

local function story()
  write(file, read(here .. "/reload/drone.c"))
  build()
  local drone = assert(molt.load((file:gsub("%.c$", ""))))
  local drones = new_drones(drone)
  show(drones)

  print "\nA behaviour changes"
  edit { { "self->speed - wind;", "self->speed - 2 * wind;" } }
  reload(drone)
  show(drones)

  print "\nA field and a behaviour come, for those that fly already"
  edit { { "METHOD(double, minutes, ())", "METHOD(double, minutes, ())                     \\\n"
           .. "    FIELD (double, watts, 5)        /* of its lamp */ \\\n    METHOD(double, visible, ())" },
         { "MOLT_MODULE", "static double visible(Drone *self) { return 100 * self->watts; }\n\nMOLT_MODULE" },
         { ".minutes = minutes", ".minutes = minutes, .visible = visible" } }
  reload(drone)
  drones[2].watts = 8
  for _, one in ipairs(drones) do print(("   %-7s  visible from %d m"):format(one.name, one:visible())) end
  local good = read(file)

  print "\nA method in use is gone, another takes something else"
  edit { { "METHOD(double, reach, (double wind))", "METHOD(double, reach, (double wind, int32_t load))" },
         { "double wind)\n{", "double wind, int32_t load)\n{" },
         { "self->speed - 2 * wind;", "self->speed - 2 * wind - load;" },
         { "static double visible(Drone *self) { return 100 * self->watts; }\n\n", "" },
         { ", .visible = visible", "" } }
  reload(drone)
  show(drones)

  print "\nA constructor that crashes"
  write(file, good)
  edit { { "MOLT_MODULE",
           "__attribute__((constructor)) static void begin(void) { __builtin_trap(); }\n\nMOLT_MODULE" } }
  reload(drone)

  print "\nA file that was damaged on its way"
  write(file, good)
  build()
  local so = file:gsub("%.c$", ".so")
  local bytes = read(so)
  write(so, bytes:sub(1, 5000) .. "?" .. bytes:sub(5002))
  reload(drone)
  show(drones)

  print "\nAnd one that fits again"
  edit { { "self->speed - 2 * wind;", "self->speed - wind;" } }
  reload(drone)
  show(drones)
end

if arg[1] == "follow" then return follow() end

local pipe = assert(io.popen "mktemp -d")
local folder = pipe:read("*l")
pipe:close()
file = folder .. "/drone.c"
local ok, err = pcall(story)
os.execute("rm -rf " .. quoted(folder))
if not ok then error(err, 0) end

--[[
   Ada      100 %  reaches 15.0 km
   Bob       60 %  reaches  9.0 km
   Cy       100 %  reaches  7.5 km

A behaviour changes
   - self->speed - wind;
   + self->speed - 2 * wind;
   accepted: generation 2
   Ada      100 %  reaches 10.0 km
   Bob       60 %  reaches  6.0 km
   Cy       100 %  reaches  2.5 km

A field and a behaviour come, for those that fly already
   - METHOD(double, minutes, ())
   + METHOD(double, minutes, ())                     \
   +     FIELD (double, watts, 5)        /* of its lamp */ \
   +     METHOD(double, visible, ())
   - MOLT_MODULE
   + static double visible(Drone *self) { return 100 * self->watts; }
   + MOLT_MODULE
   - .minutes = minutes
   + .minutes = minutes, .visible = visible
   accepted: generation 3
   Ada      visible from 500 m
   Bob      visible from 800 m
   Cy       visible from 500 m

A method in use is gone, another takes something else
   - METHOD(double, reach, (double wind))
   + METHOD(double, reach, (double wind, int32_t load))
   - double wind)
   - {
   + double wind, int32_t load)
   + {
   - self->speed - 2 * wind;
   + self->speed - 2 * wind - load;
   - static double visible(Drone *self) { return 100 * self->watts; }
   - , .visible = visible
   drone.so: refused, the earlier generation serves on:
     drone.Drone:reach was 'double reach(double wind)' and is 'double reach(double, int32_t)'
     it is used by class Drone (3 objects)
     drone.Drone:visible was 'double visible()' and is gone
     it is used by class Drone (3 objects)
   Ada      100 %  reaches 10.0 km
   Bob       60 %  reaches  6.0 km
   Cy       100 %  reaches  2.5 km

A constructor that crashes
   - MOLT_MODULE
   + __attribute__((constructor)) static void begin(void) { __builtin_trap(); }
   + MOLT_MODULE
   drone.so: it crashed with SIGILL in a constructor, in a child that tried it first

A file that was damaged on its way
   drone.so: refused, the earlier generation serves on: damaged: its note has the checksum …, the file has …
   Ada      100 %  reaches 10.0 km
   Bob       60 %  reaches  6.0 km
   Cy       100 %  reaches  2.5 km

And one that fits again
   - self->speed - 2 * wind;
   + self->speed - wind;
   accepted: generation 4
   Ada      100 %  reaches 15.0 km
   Bob       60 %  reaches  9.0 km
   Cy       100 %  reaches  7.5 km
]]
