-- molt.select: traits under other names, for composing them where they conflict.
--
-- A selection is a value like its trait: it can be attached, be in a class's list
-- and be selected from again. It changes names, never slots: molt.is, molt.as and
-- molt.detach take it for its trait.

local core = require "molt.core"
local layout = require "molt.layout"
local check = require "molt.check"
local handle = require "molt.handle"
local trait = require "molt.trait"

local select_ = {}

local meta = { __metatable = "selection" }

function meta.__tostring(proxy)
  return handle.record(proxy).name
end

function meta.__newindex(_, name)
  check.raise("argument", ("a selection cannot be assigned to (at '%s')"):format(tostring(name)),
    "define the method on its trait")
end

function meta.__index()
  return nil
end

-- What stands for (trait, selection): equal selections are one value.
local function proxy_of(of, pointer, name)
  if pointer == true then return trait.proxy(of) end
  return handle.proxy(pointer) or handle.new(pointer, { kind = "selection", trait = of, name = name }, meta)
end

select_.proxy_of = proxy_of

-- Traits, implementations and selections of a composition; lists in it are
-- compositions themselves.
function select_.flatten(list, into, refuse)
  for i, member in ipairs(list) do
    local record = handle.record(member)
    local fit = record and (record.kind == "trait" or record.kind == "impl" or record.kind == "selection")
    if fit then
      into[#into + 1] = record
    elseif type(member) == "table" and check.kind(member) == "table" then
      select_.flatten(member, into, refuse)
    else
      refuse(member, i)
    end
  end
  return into
end

-- A list of pieces, each once. A function that makes closures does not compile:
-- this one is apart.
local function listed(verb, what)
  local list, seen = {}, {}
  for _, r in ipairs(select_.flatten(what, {}, function(piece, i)
    check.raise("type", ("bad argument #2 to '%s' (trait or implementation expected at %d, got %s)"):format(verb, i,
      check.kind(piece)))
  end)) do
    if not seen[r] then list[#list + 1] = r end
    seen[r] = true
  end
  return list
end

-- What attach, use and drop are given, as a list of records.
function select_.pieces(verb, what)
  local record = handle.record(what)
  if record and (record.kind == "trait" or record.kind == "impl" or record.kind == "selection") then
    record.alone = record.alone or { record }
    return record.alone
  end
  if check.kind(what) ~= "table" then check.argument(2, verb, "trait, implementation or list of them", what) end
  return listed(verb, what)
end

local function members_of(verb, what)
  local record = handle.record(what)
  if record and (record.kind == "trait" or record.kind == "selection") then return { record }, true end
  if check.kind(what) ~= "table" then check.argument(1, verb, "trait or list of traits", what) end
  local list = select_.flatten(what, {}, function(member, i)
    check.raise("type", ("bad argument #1 to '%s' (trait expected at %d, got %s)"):format(verb, i, check.kind(member)))
  end)
  for i, member in ipairs(list) do
    if member.kind == "impl" then
      check.raise("type", ("bad argument #1 to '%s' (trait expected at %d, got impl)"):format(verb, i),
        "select from its trait; the implementation fills whatever names that has")
    end
  end
  return list
end

local function parts(record)
  if record.kind == "trait" then return record.pointer, nil end
  return record.trait, record.pointer
end

local function known_names(list)
  local names = {}
  for _, record in ipairs(list) do
    local of = parts(record)
    for _, method in ipairs(layout.trait(of).methods) do names[#names + 1] = method.name end
    for _, key in ipairs(check.keys(handle.record(trait.proxy(of)).methods)) do names[#names + 1] = key end
  end
  return names
end

local function check_known(verb, list, name)
  local names = {}
  for i, record in ipairs(list) do
    local of, pointer = parts(record)
    if core.trait_has(of, pointer, name) then return end
    for _, field in ipairs(layout.trait(of).fields) do
      if field.name == name then
        check.raise("argument", ("bad argument #2 to '%s' ('%s' is a field of %s, and only methods have other names)")
          :format(verb, name, layout.trait(of).name))
      end
    end
    names[i] = record.name
  end
  check.raise("unknown", ("bad argument #2 to '%s' (%s has no method '%s')"):format(verb,
    #names > 0 and table.concat(names, ", ") or "an empty list", name), check.near(name, known_names(list)))
end

-- Applies a verb to each trait of a composition: it distributes over it.
local function apply(verb, what, checked, names, describe)
  local list, single = members_of(verb, what)
  for _, name in ipairs(checked) do check_known(verb, list, name) end
  local made = {}
  for i, record in ipairs(list) do
    local of, pointer = parts(record)
    made[i] = proxy_of(of, check.result(core.trait_select(of, pointer, verb, names)),
      ("%s %s %s"):format(record.name, verb, describe))
  end
  return single and made[1] or made
end

-- molt.without(T, name…): what T defines for these names does not count
function select_.without(what, ...)
  local names = { ... }
  if select("#", ...) == 0 then check.argument(2, "without", "method name", nil) end
  for i = 1, select("#", ...) do
    if type(names[i]) ~= "string" then check.argument(i + 1, "without", "method name", names[i]) end
  end
  return apply("without", what, names, names, table.concat(names, ", "))
end

local function pairs_of(verb, map)
  if check.kind(map) ~= "table" then check.argument(2, verb, "table of names", map) end
  check.names(map, ("'%s' takes { old = new }"):format(verb))
  local olds, names, text = check.keys(map), {}, {}
  for i, old in ipairs(olds) do
    check.name(2, verb, map[old])
    names[#names + 1], names[#names + 2], text[i] = old, map[old], old .. " = " .. map[old]
  end
  return olds, names, table.concat(text, ", ")
end

-- molt.rename(T, { old = new, … }): all at once, so two names may change places
function select_.rename(what, map)
  return apply("rename", what, pairs_of("rename", map))
end

-- molt.alias(T, { old = new, … }): one more name for what T defines
function select_.alias(what, map)
  return apply("alias", what, pairs_of("alias", map))
end

return select_
