-- molt.border: what LuaJIT and C share, compared before it is believed.

local ffi = require "ffi"
local core = require "molt.core"

local border = {}

-- ffi.cdef is for the whole Lua state and for ever: declare once.
if not pcall(ffi.typeof, "molt_object") then ffi.cdef(core.cdef) end

local function seen(name)
  local kind, rest = name:match("^(%S+) ?(.*)$")
  if kind == "sizeof" then return tonumber(ffi.sizeof(rest)) end
  local struct, member = name:match("^([%w_]+)%.([%w_]+)$")
  return tonumber(ffi.offsetof(struct, member))
end

local function refuse(what, found, expected)
  local text = "LuaJIT and libmolt %s do not agree: %s is %s for LuaJIT and %s for C; "
    .. "was ffi.cdef called with another molt's declarations?"
  core.raise(0, "version", text:format(core.version, what, found, expected))
end

do
  local iterate = next
  for name, expected in iterate, core.abi do
    local ok, found = pcall(seen, name)
    if not ok or found ~= expected then refuse(name, ok and found or "unknown", expected) end
  end
  -- C reads a cdata's type from its head: prove that it can.
  local probe = ffi.cast("molt_object *", nil)
  local id = tonumber(ffi.typeof("molt_object *"))
  if core.ctype_of(probe) ~= id then refuse("the place of a cdata's type", core.ctype_of(probe), id) end
  core.wide_types(tonumber(ffi.typeof("int64_t")), tonumber(ffi.typeof("uint64_t")))
end

local entry = ffi.cast("molt_entry *", core.entry)

border.state = entry.border              -- molt_border *
border.create = entry.create
border.id = entry.id
border.objects = core.objects            -- registry slot -> object, weak
border.callbacks = core.callbacks        -- by the numbers below

-- molt__callback in bindings/src/binding.h
border.CHANGED, border.SHAPE, border.STAGE, border.RELAID = 1, 2, 3, 4
border.CLOSING, border.INT64, border.HOOK, border.SUCCEED = 5, 6, 7, 8

core.callbacks[border.INT64] = function(low, high, is_signed)
  local wide = ffi.cast("uint64_t", low) + ffi.cast("uint64_t", high) * 4294967296ULL
  return is_signed and ffi.cast("int64_t", wide) or wide
end

-- Migrate functions run (molt.evolve): no verb may.
border.migrating = false

function border.expect_no_migration()
  if border.migrating then border.raise("state", "molt's verbs cannot be used inside of migrate") end
end

-- A verb that changes classes and traits is under way, and may not be got in between:
-- see bindings/src/quiet.c.
function border.expect_quiet()
  if border.state.quiet ~= 0 then core.expect_quiet() end
end

-- Raises an error object, blamed on the nearest caller that is not molt.
function border.raise(code, message, hint)
  return core.raise(1, code, message, hint)
end

-- What a core function returned, or its error raised.
function border.check(value, err)
  if value == nil then error(err, 0) end
  return value
end

local meta = core.error_meta
local function text(err)
  return err.where .. err.message .. (err.hint and ("\n  hint: " .. err.hint) or "")
end
meta.__index = meta
meta.__name = "molt.error"
meta.__tostring = text
function meta.__concat(a, b)
  return tostring(a) .. tostring(b)
end

return border
