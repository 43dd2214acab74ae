-- measure: the time of one operation, for two variants side by side.
--
-- A variant is function(n): it does n operations and returns something that
-- depends on all of them, so that no compiler may leave them out. Or a table
-- { run = function(n), before = function() }, where `before` is not measured.

local ffi = require "ffi"

ffi.cdef [[
struct bench_time { int64_t seconds, nanoseconds; };
int clock_gettime(int clock, struct bench_time *now);
]]

local measure = { quick = false, sink = 0 }

local MONOTONIC = 1
local now_place = ffi.new("struct bench_time")

-- Nanoseconds, never going back.
function measure.now()
  ffi.C.clock_gettime(MONOTONIC, now_place)
  return tonumber(now_place.seconds) * 1e9 + tonumber(now_place.nanoseconds)
end

-- Compiles text into functions that no other case has run: traces belong to
-- prototypes, and what one case taught the compiler must not help or hurt another.
function measure.compile(text, ...)
  return assert(loadstring(text, "=bench"))(...)
end

local function once(variant, n)
  if variant.before then variant.before() end
  local from = measure.now()
  local result = variant.run(n)
  local time = measure.now() - from
  measure.sink = tonumber(result) or measure.sink
  return time
end

-- How many operations take about the time wanted; the compiler has settled by then.
local function calibrate(variant, batch, wanted)
  local n = batch
  for _ = 1, 60 do
    local time = once(variant, n)
    if time >= wanted then break end
    local factor = math.min(8, math.max(1.3, wanted / math.max(time, 100)))
    n = math.ceil(n * factor / batch) * batch
  end
  once(variant, n)
  once(variant, n)
  return n
end

local function summary(times)
  table.sort(times)
  return { minimum = times[1], median = times[math.floor((#times + 1) / 2)] }
end

-- Measures the variants in turn, again and again. options.batch: n is a multiple
-- of it. options.n: exactly so many, no calibration. options.time: nanoseconds of
-- one repetition. options.repetitions.
function measure.variants(variants, options)
  local repetitions = options.repetitions or (measure.quick and 7 or 25)
  local wanted = (options.time or 4e6) / (measure.quick and 2 or 1)
  local counts, times = {}, {}
  for i, variant in ipairs(variants) do
    if type(variant) == "function" then variants[i] = { run = variant } end
    times[i] = {}
    counts[i] = options.n or calibrate(variants[i], options.batch or 1, wanted)
  end
  for repetition = 1, repetitions do
    for i, variant in ipairs(variants) do
      times[i][repetition] = once(variant, counts[i]) / counts[i]
    end
  end
  local results = {}
  for i in ipairs(variants) do results[i] = summary(times[i]) end
  return results
end

return measure
