-- Thousands of reloads, accepted and refused, under a thousand live objects and
-- compiled loops that call them: nothing may grow. Those that are accepted alternate
-- between two layouts, so that each gives every object another body.
--
--   luajit soak.lua accepted|refused ROUNDS FOLDER
--
-- FOLDER is empty and belongs to this run. Prints what it measured, and "soak ok".

local source = os.getenv "MOLT_SOURCE_DIR" or "."
local kind, rounds, folder = arg[1], tonumber(arg[2]), arg[3]

local ffi = require "ffi"
local molt = require "molt"

ffi.cdef [[
typedef struct { long seconds, nanoseconds; } soak_time;
int clock_gettime(int clock, soak_time *time);
int fcntl(int descriptor, int command, ...);
]]

local time = ffi.new("soak_time")

local MONOTONIC, CPU = 1, 2

local function now(clock)
  ffi.C.clock_gettime(clock, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) * 1e-9
end

local function read(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function write(name, text)
  local file = assert(io.open(name, "wb"))
  file:write(text)
  file:close()
end

-- ---- Builds ----------------------------------------------------------------

local text = [[
#include <molt/native.h>
#define SOAK(FIELD, METHOD) %s METHOD(double, answer, ()) METHOD(double, slow, (double more))
MOLT_TRAIT(Soak, SOAK)
MOLT_STATE(total, int64_t loads;)
static double answer(Soak *self) { return self->level * %d; }
static double slow(Soak *self, double more) { return molt_call(self, answer) + more; }
static int leave(molt_leave *molt) { (void)molt; total->loads++; return MOLT_OK; }
MOLT_MODULE(soak, "1.%d.0")
{
    MOLT_PERSIST(total);
    MOLT_BEFORE_UNLOAD(leave);
    MOLT_IMPL(Soak, .slow = slow);
    MOLT_IMPL_LEAF(Soak, .answer = answer);
    %s
    return MOLT_OK;
}
]]

local layouts = {
  "FIELD(double, level, 1)",
  "FIELD(int32_t, tag, 7) FIELD(molt_string, label, MOLT_TEXT(\"a label that has no room in place\")) FIELD(double, level, 1)",
}

-- The bytes of a build.
local function build(factor, more, edit, layout)
  local c = text:format(layouts[layout or 1], factor, factor, more or "")
  write(folder .. "/soak.c", edit and edit(c) or c)
  assert(os.execute(("'%s/molt' build '%s/soak.c' >'%s/build.log' 2>&1"):format(source, folder, folder)) == 0,
    read(folder .. "/build.log"))
  return read(folder .. "/soak.so")
end

-- { bytes, what an answer is then }; a refused one leaves the answer alone.
local offers
if kind == "accepted" then
  offers = { { build(2), 2 }, { build(3, nil, nil, 2), 3 } }
  write(folder .. "/soak.so", offers[1][1])
else
  local good = build(2)
  offers = {
    { build(4, 'return molt_fail(molt, "not today");') },
    { good:sub(1, #good / 2) },
    { build(5, nil, function(c) return (c:gsub("double, level, 1", "float, level, 1")) end) },
    { build(6, nil, function(c) return (c:gsub("int64_t loads;", "int64_t loads, more;")) end) },
    { "not a module" },
    { build(7, 'MOLT_IMPL(Soak, .answer = answer); MOLT_PERSIST(total);') },
  }
  write(folder .. "/soak.so", good)
end

-- ---- The world ---------------------------------------------------------------

local module = assert(molt.load(folder .. "/soak.so"))
local Thing = molt.class("Thing", { module.Soak })
local objects = {}
for i = 1, 1000 do objects[i] = Thing { level = i } end

local function sum()
  local total = 0
  for i = 1, #objects do
    local o = objects[i]
    total = total + o:answer() + o:slow(0)
  end
  return total
end

local whole, factor = 2 * 500500, 2

local function act(round)
  local offer = offers[round % #offers + 1]
  write(folder .. "/soak.so", offer[1])
  local start, worked = now(MONOTONIC), now(CPU)
  local report, err = module:reload()
  local work, spent = now(CPU) - worked, now(MONOTONIC) - start
  if offer[2] then
    assert(report, err)
    assert(report.image == "unloaded" and report.instances == #objects, report.text)
    factor = offer[2]
  else
    assert(not report and #err.reasons > 0)
  end
  local expected, got = whole * factor, sum()
  assert(got == expected, ("round %d: expected %g, got %g"):format(round, expected, got))
  if round % 16 == 0 then molt.tick() end
  return spent, work
end

-- ---- What may not grow -----------------------------------------------------------

local function lines(name)
  local count = 0
  for _ in io.lines(name) do count = count + 1 end
  return count
end

local function descriptors()
  local count, get_flags = 0, 1
  for descriptor = 0, 1023 do
    if ffi.C.fcntl(descriptor, get_flags) >= 0 then count = count + 1 end
  end
  return count
end

local function registry_size()
  local count = 0
  for _ in pairs(debug.getregistry()) do count = count + 1 end
  return count
end

local function measure()
  collectgarbage()
  collectgarbage()
  molt.tick()
  local counts = molt.counters()
  local pages = tonumber(read("/proc/self/statm"):match("^%d+ (%d+)"))
  return {
    ["resident KB"] = pages * 4,
    ["Lua KB"] = collectgarbage("count"),
    ["mappings"] = lines("/proc/self/maps"),
    ["descriptors"] = descriptors(),
    ["images"] = counts.images,
    ["copies"] = counts.copies,
    ["ctypes"] = tonumber(ffi.typeof("struct { int soak; }")),
    ["registry"] = registry_size(),
    ["objects"] = molt.count(Thing),
  }
end

-- What each may be above its first measure: pages and traces settle; to measure takes
-- a few ctypes of its own. Under the address sanitizer freed memory stays resident, in
-- quarantine, for which it maps more; a leak it finds itself, and an image that stays is
-- five mappings.
local sanitized = os.getenv "ASAN_OPTIONS" ~= nil
local slack = { ["resident KB"] = sanitized and math.huge or 1024, ["Lua KB"] = 128,
  ["mappings"] = sanitized and 100 or 8, ["ctypes"] = 4, ["registry"] = 4 }

local function compare(before, after)
  local grown = {}
  for name, value in pairs(after) do
    print(("  %-12s %10.0f  then %10.0f"):format(name, before[name], value))
    if value > before[name] + (slack[name] or 0) then grown[#grown + 1] = name end
  end
  assert(#grown == 0, "grown: " .. table.concat(grown, ", "))
end

local function percentile(times, from, to, share)
  local part = {}
  for i = from, to do part[#part + 1] = times[i] end
  table.sort(part)
  return part[math.ceil(#part * share)]
end

local warm = math.min(200, rounds)
for round = 1, warm do act(round) end
local times, work = ffi.new("double[?]", rounds + 1), ffi.new("double[?]", rounds + 1)
local before = measure()
for round = 1, rounds do times[round], work[round] = act(round) end
print(("%d %s reloads"):format(rounds, kind))
compare(before, measure())

local window = math.min(1000, math.floor(rounds / 2))

local function judge(what, list)
  local first, last = percentile(list, 1, window, 0.99), percentile(list, rounds - window + 1, rounds, 0.99)
  print(("  %s: p50 %.0f us, p99 %.0f us in the first %d, %.0f us in the last"):format(what,
    percentile(list, 1, rounds, 0.5) * 1e6, first * 1e6, window, last * 1e6))
  return last / first
end

judge("by the clock", times)
-- The clock counts what else the machine does. The short run is too short for either.
local growth = judge("processor", work)
if window >= 1000 then assert(growth <= 1.5, "reloads become slower") end
print("soak ok")
