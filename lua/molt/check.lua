-- molt.check: arguments of the verbs, in Lua's own voice.

local border = require "molt.border"
local core = require "molt.core"

local check = {}

check.raise = border.raise
check.result = border.check

-- Lua's name for what a value is, with ours for our own.
local kind_of = type

-- Set once by molt.handle: "trait", "class", … of a proxy.
function check.name_kinds(fn)
  kind_of = fn
end

-- What a value is, for an error: "nil", "table", "trait", "object", …
function check.kind(value)
  return kind_of(value)
end

-- Why a value is no table of fields, or nil when it is one.
function check.no_fields(value)
  local kind = kind_of(value)
  if kind ~= "table" then return kind end
  if rawget(value, 0) ~= nil then return "a table with [0], which is molt's" end
end

-- Refuses an argument; `what` it is instead, if its kind alone does not say.
function check.argument(position, verb, expected, got, what)
  what = what or kind_of(got)
  border.raise(got == nil and "argument" or "type",
    ("bad argument #%d to '%s' (%s expected, got %s)"):format(position, verb, expected, what))
end

function check.name(position, verb, value)
  if type(value) ~= "string" then check.argument(position, verb, "name", value) end
  if not value:match("^[%a_][%w_]*$") then
    border.raise("argument", ("bad argument #%d to '%s' (a name expected, got %q)"):format(position, verb, value),
      "a name is letters, digits and underscores")
  end
end

function check.callable(position, verb, value)
  if type(value) ~= "function" then check.argument(position, verb, "function", value) end
end

local CROSSING = "attempt to yield across C-call boundary"

-- The text of LuaJIT's error when `who` tried to yield where that cannot be, in words
-- that say so; nil for any other error.
function check.yielded(err, who)
  if type(err) ~= "string" then return nil end
  local from, to = err:find(CROSSING, 1, true)
  return from and err:sub(1, from - 1) .. who .. " tried to yield" .. err:sub(to + 1)
end

-- ", did you mean 'x'?" as a hint, or nil.
function check.near(wanted, candidates)
  local found = core.nearest(wanted, candidates)
  return found and ("did you mean '%s'?"):format(found) or nil
end

-- "game.lua:12" of the nearest caller that is not molt.
function check.here()
  return (core.where():gsub(": $", ""))
end

-- "game.lua:12" of a function's definition.
function check.place(fn)
  if type(fn) ~= "function" then return ("no function but a %s"):format(type(fn)) end
  local info = debug.getinfo(fn, "S")
  return info.linedefined > 0 and ("%s:%d"):format(info.short_src, info.linedefined) or info.short_src
end

-- The string keys of a table, sorted.
function check.keys(t)
  local keys, iterate = {}, next
  for k in iterate, t do
    if type(k) == "string" then keys[#keys + 1] = k end
  end
  table.sort(keys)
  return keys
end

-- Every key of the table is text.
function check.names(t, what)
  local iterate = next
  for k in iterate, t do
    if type(k) ~= "string" then check.raise("argument", ("%s, got the key %s"):format(what, tostring(k))) end
  end
end

-- Every key of the table is text, or a place in a list without holes: a nil in it
-- is a misspelt variable.
function check.list_and_names(t, what)
  local iterate, last = next, 0
  while t[last + 1] ~= nil do last = last + 1 end
  for k in iterate, t do
    local place = type(k) == "number" and k >= 1 and k <= last and k % 1 == 0
    if not place and type(k) ~= "string" then
      check.raise("argument", ("%s, got the key %s"):format(what, tostring(k)))
    end
  end
end

return check
