-- molt.handle: the values by which scripts hold traits, classes, implementations
-- and modules. Each is an empty table, so that every assignment to it is seen;
-- what molt knows of it is its record, kept aside.

local border = require "molt.border"
local layout = require "molt.layout"
local bodies = require "molt.bodies"
local view = require "molt.view"
local wide = require "molt.wide"
local check = require "molt.check"

local handle = {}

local records = setmetatable({}, { __mode = "k" })
local proxies = {}            -- handle (light userdata) -> proxy; traits and classes live as long as the world

-- A proxy for a core handle. `record.kind` is "trait", "class", …; `meta` has the
-- metamethods, which receive the proxy.
function handle.new(pointer, record, meta)
  local proxy = setmetatable({}, meta)
  record.pointer = pointer
  record.proxy = proxy
  records[proxy] = record
  proxies[pointer] = proxy
  return proxy
end

-- The proxy that stands for a core handle, or nil.
function handle.proxy(pointer)
  return proxies[pointer]
end

-- The records of a kind, in no order.
function handle.all(kind)
  local list, iterate = {}, next
  for _, record in iterate, records do
    if record.kind == kind then list[#list + 1] = record end
  end
  return list
end
jit.off(handle.all)          -- docs/decisions/0005

-- A trait gets another version: its proxy stands for that, too, and then for that
-- alone, and so does what belongs to it. The second part needs no memory.
border.callbacks[border.SUCCEED] = function(from, to, commit)
  local proxy, iterate = proxies[from], next
  if not commit then
    layout.forget_trait(to)
    layout.trait(to)
    proxies[to] = proxy
    return
  end
  if not proxy then return end
  records[proxy].pointer = to
  for _, other in iterate, records do
    if other.trait == from then other.trait = to end       -- implementations, selections
  end
end
jit.off(border.callbacks[border.SUCCEED])        -- docs/decisions/0005

-- The record of a proxy of that kind; nil for anything else.
function handle.record(value, kind)
  local record = records[value]
  if record and (not kind or record.kind == kind) then return record end
end

-- The same, or an error that blames the argument.
function handle.check(position, verb, value, kind, expected)
  if border.migrating then border.expect_no_migration() end
  local record = value ~= nil and records[value]
  if not record or (kind and record.kind ~= kind) then check.argument(position, verb, expected or kind, value) end
  return record
end

check.name_kinds(function(value)
  local record = value ~= nil and records[value]
  if record then return record.kind end
  if bodies.shape_of(value) then return "object" end
  if bodies.epitaph(value) then return "destroyed object" end
  return view.trait(value) and "view" or wide.kind(value) or type(value)
end)

return handle
