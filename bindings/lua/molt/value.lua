-- molt.value: Lua text that checks a Lua value before it goes into C memory.
--
-- For generated functions: a condition over the name of a variable, such that a
-- value that meets it converts without an error and without change.

local ffi = require "ffi"
local core = require "molt.core"

local value = {}

local bits = { int8_t = 7, int16_t = 15, int32_t = 31, uint8_t = 8, uint16_t = 16, uint32_t = 32 }

-- "(type(v) == 'number' and …)"; `wide` in the environment checks 64 bit integers.
function value.condition(kind, name)
  if kind == "double" then return ("type(%s) == 'number'"):format(name) end
  if kind == "bool" then return ("type(%s) == 'boolean'"):format(name) end
  if kind == "float" then
    -- What rounds to a float, and the numbers that are not finite.
    return (("type(x) == 'number' and (x > -3.4028235677973366e38 and x < 3.4028235677973366e38 "
      .. "or x ~= x or x - x ~= 0)"):gsub("%f[%w]x%f[%W]", name))
  end
  if kind == "int64_t" or kind == "uint64_t" then return ("wide(%s, '%s')"):format(name, kind) end
  local top = 2 ^ bits[kind]
  local low = kind:sub(1, 1) == "u" and "0" or ("%.0f"):format(-top)
  return ("type(%s) == 'number' and %s >= %s and %s <= %.0f and %s %% 1 == 0")
    :format(name, name, low, name, top - 1, name)
end

local int64, uint64 = ffi.typeof("int64_t"), ffi.typeof("uint64_t")
local exact = 9007199254740992

-- Does a number or a 64 bit cdata fit the 64 bit kind without change?
function value.wide(v, kind)
  if type(v) == "number" then
    return v % 1 == 0 and v <= exact and v >= (kind == "uint64_t" and 0 or -exact)
  end
  if ffi.istype(int64, v) then return kind == "int64_t" or v >= 0 end
  if ffi.istype(uint64, v) then return kind == "uint64_t" or v <= 0x7fffffffffffffffULL end
  return false
end

-- The digits of a 64 bit integer, and "int64" or "uint64"; nil for anything else.
function value.digits(v)
  if ffi.istype(int64, v) then return (tostring(v):gsub("LL$", "")), "int64" end
  if ffi.istype(uint64, v) then return (tostring(v):gsub("ULL$", "")), "uint64" end
end

-- The integer of such digits, or nil.
function value.from_digits(digits, kind)
  local sign, rest = digits:match("^(%-?)(%d+)$")
  if not rest or #rest > 20 or (sign == "-" and kind == "uint64") then return nil end
  local v = ffi.new(kind == "int64" and int64 or uint64, 0)
  for digit in rest:gmatch("%d") do v = v * 10 + tonumber(digit) end
  if sign == "-" then v = -v end
  return value.digits(v) == digits and v or nil
end

-- The value as a field of the kind takes it (a 64 bit integer may fit a narrower
-- field), or nil and an error that says why not. `what` is "field 'gears'".
function value.convert(kind, v, what)
  return core.convert(kind, v, what)
end

return value
