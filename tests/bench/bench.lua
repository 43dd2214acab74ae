-- ./molt bench: Molt beside its peers, in one run.
--
-- Every case runs in a process of its own (child), so that neither heaps nor
-- traces are shared; all cases run once, then all again (--rounds). Of the
-- repetitions in one process the minimum counts, since noise only ever adds; of
-- the processes the median, since each has another seed for its hashes, and with
-- it other collisions in the tables of both sides, and another heap (lib/heap.lua).

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local groups = { "objects", "fields", "interpreter", "border", "host", "life", "change" }
local build = os.getenv "MOLT_BUILD_DIR" or "build"

local function option(case, group, name)
  if case[name] ~= nil then return case[name] end
  return group[name]
end

-- ---------------------------------------------------------------- in a child

local function child(group_name, index, only, round, quick)
  local measure = require "lib.measure"
  measure.quick = quick
  local group = require("cases." .. group_name)
  local case = group[index]
  if case.value then
    local value = case.value(build, only)
    print(value, value)
    return
  end
  if not option(case, group, "fresh") then require("lib.heap").use(round) end
  local results = measure.variants(case.run(build, only), {
    batch = option(case, group, "batch"), time = option(case, group, "time"), n = option(case, group, "n"),
    repetitions = option(case, group, "repetitions"),
  })
  for _, result in ipairs(results) do print(result.minimum, result.median) end
end

if arg[1] == "--child" then
  return child(arg[2], tonumber(arg[3]), tonumber(arg[4]), tonumber(arg[5]), arg[6] == "quick")
end

-- ---------------------------------------------------------------- the command

local usage = [[
usage: molt bench [--only PATTERN] [--quick] [--csv FILE] [--svg FILE] [--rounds N]
]]

local function read_options()
  local options = { csv = build .. "/bench.csv", svg = build .. "/bench.svg", only = "", rounds = 5 }
  local i = 1
  while arg[i] do
    local name = arg[i]:match "^%-%-(%w+)$"
    if name == "quick" then
      options.quick, options.rounds = true, 1
    elseif options[name or ""] then
      i = i + 1
      options[name] = arg[i]
    else
      io.stderr:write(arg[i] == "--help" and "" or ("molt: bench: unknown argument '%s'\n"):format(arg[i]), usage)
      os.exit(arg[i] == "--help" and 0 or 2)
    end
    i = i + 1
  end
  options.rounds = tonumber(options.rounds) or 1
  return options
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function read_numbers(command)
  local pipe = assert(io.popen(command))
  local found = {}
  for line in pipe:lines() do
    local minimum, median = line:match "^(%S+)%s+(%S+)$"
    if tonumber(minimum) then found[#found + 1] = { minimum = tonumber(minimum), median = tonumber(median) } end
  end
  pipe:close()
  return found
end

local function lua_command(group_name, group, index, only, round, quick)
  local mode = option(group[index], group, "interpreted") and "-joff" or ""
  return ("%s %s %s --child %s %d %d %d %s"):format(quote(arg[-1] or "luajit"), mode, quote(arg[0]), group_name, index,
    only, round, quick and "quick" or "")
end

-- One round of a case: molt's result and the peer's.
local function run_once(group_name, group, index, round, quick)
  local case = group[index]
  if case.host then
    local host = quote(build .. "/tests/bench/bench_host")
    return unpack(read_numbers(("%s %s %d"):format(host, case.host, quick and 9 or 51)))
  end
  local results = read_numbers(lua_command(group_name, group, index, 1, round, quick))
  if option(case, group, "separate") then
    results[2] = read_numbers(lua_command(group_name, group, index, 2, round, quick))[1]
  end
  return results[1], results[2]
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

-- From all rounds of a case: Molt's figure, the peer's, and their ratio.
local function summary(rounds, key)
  local ours, theirs, ratios = {}, {}, {}
  for i, round in ipairs(rounds) do
    ours[i] = round.ours[key]
    if round.theirs then
      theirs[i] = round.theirs[key]
      if theirs[i] > 0 then ratios[#ratios + 1] = ours[i] / theirs[i] end
    end
  end
  return median(ours), median(theirs), median(ratios)
end

local function wanted(group, case, options)
  if options.quick and case.slow then return false end
  return (group.section .. ": " .. case.name):find(options.only) ~= nil
end

local function select_cases(options)
  local list = {}
  for _, group_name in ipairs(groups) do
    local group = require("cases." .. group_name)
    for index, case in ipairs(group) do
      if wanted(group, case, options) then
        list[#list + 1] = { group_name = group_name, group = group, index = index, case = case }
      end
    end
  end
  return list
end

local ffi = require "ffi"
ffi.cdef "int isatty(int descriptor);"
local on_terminal = ffi.C.isatty(2) == 1

local function progress(text)
  if on_terminal then io.stderr:write("\r\27[K", text) end
end

local function measure_all(list, options)
  for round = 1, options.rounds do
    for i, entry in ipairs(list) do
      progress(("round %d of %d, case %d of %d: %s"):format(round, options.rounds, i, #list, entry.case.name))
      local ours, theirs = run_once(entry.group_name, entry.group, entry.index, round, options.quick)
      entry.rounds = entry.rounds or {}
      if ours then table.insert(entry.rounds, { ours = ours, theirs = theirs }) end
    end
  end
  progress ""
end

local function row_of(entry)
  local case, group = entry.case, entry.group
  if not entry.rounds[1] then return { section = group.section, name = case.name, failed = true } end
  local ours, theirs, ratio = summary(entry.rounds, case.statistic or "minimum")
  local our_median, their_median = summary(entry.rounds, "median")
  return {
    section = group.section, name = case.name, unit = case.unit or "ns", bar = case.bar, limit = case.limit,
    molt = ours, molt_median = our_median, peer_name = case.peer or "plain",
    peer = theirs, peer_median = their_median, ratio = ratio,
  }
end

local function first_line(command)
  local pipe = io.popen(command .. " 2>/dev/null")
  local line = pipe:read "*l"
  pipe:close()
  return line or "?"
end

local function describe_machine()
  local processor = first_line "sed -n 's/^model name.*: //p' /proc/cpuinfo"
  print(("%s, %s, %s, %s"):format(processor, first_line "uname -srm", jit.version, first_line "cc --version"))
  local kind = first_line(("sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' %s/CMakeCache.txt"):format(quote(build)))
  if kind ~= "Release" then print(("NOT A RELEASE BUILD (%s): these figures mean little"):format(kind)) end
end

local function print_table(list)
  local report = require "lib.report"
  local rows, section, missed, failed = {}, nil, 0, 0
  report.head()
  for _, entry in ipairs(list) do
    local row = row_of(entry)
    if row.section ~= section then
      section = row.section
      report.section(section)
    end
    if row.failed then
      failed = failed + 1
      print(("  %s failed: run it with --only to see why"):format(row.name))
    else
      rows[#rows + 1] = row
      report.row(row)
      if report.verdict(row) == false then missed = missed + 1 end
    end
  end
  return rows, missed, failed
end

local options = read_options()
local list = select_cases(options)
if #list == 0 then
  io.stderr:write(("molt: bench: no case matches '%s'\n"):format(options.only))
  os.exit(2)
end
describe_machine()
print "Nanoseconds an operation: the minimum in a process, the median of processes."
print "Peer: the plain-table class idiom, unless named.\n"
measure_all(list, options)
local rows, missed, failed = print_table(list)
local report = require "lib.report"
report.csv(rows, options.csv)
report.svg(rows, options.svg)
print(("\n%d cases, %d bars missed; written to %s and %s"):format(#rows, missed, options.csv, options.svg))
os.exit(failed == 0 and 0 or 1)
