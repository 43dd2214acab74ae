-- molt.evolve: declarations change under live objects.
--
-- Where there is a migrate function each object is judged first, and nothing changes.
-- Then the core prepares everything, asks here what each object's fields are to have
-- (`look`), and installs all or nothing; Lua-valued fields follow at once, while the
-- collector rests, by stores into places that are there already (`settle`).

local core = require "molt.core"
local border = require "molt.border"
local layout = require "molt.layout"
local wide = require "molt.wide"
local shapes = require "molt.shapes"
local bodies = require "molt.bodies"
local registry = require "molt.registry"
local view = require "molt.view"
local check = require "molt.check"
local adopt = require "molt.adopt"
local chain = require "molt.chain"
local judge = require "molt.judge"

local evolve = {}

local rawget, rawset = rawget, rawset

-- The evolution under way: { what, owner, migrate, cases = object -> case, renewed = infos }.
local active
local staged = {}            -- { object, case, diff, to, gone, values, notes }, …
local metas = {}             -- index of a trait -> what core.view_metas had, or false

local function infos_of(shape)
  local infos = {}
  for i, part in ipairs(shape.info.parts) do infos[i] = layout.trait(part.trait) end
  return infos
end

local function contains(list, pointer)
  for _, other in ipairs(list) do
    if other == pointer then return true end
  end
  return false
end

-- What an object keeps beside its body for arrays, structs and references of traits
-- that have another version, or none: keys from and to, the proxies' metatable, and
-- whether the trait itself is lost.
local function keepsakes(diff, lost)
  local list = {}
  for _, entry in ipairs(diff.entries) do
    local was = entry.was
    if was and was.wide and entry.from ~= entry.info then
      local same = entry.fit == "same" and entry.from.name == entry.info.name
      local elements = same and (was.wide == "array" or was.wide == "struct")
      local follows = same or was.wide == "reference" and entry.fit ~= "none" and entry.is.wide == "reference"
      list[#list + 1] = { wide.key(entry.from, was), follows and wide.key(entry.info, entry.is) or nil,
        elements and wide.proxy_meta(entry.info, entry.is) or nil, contains(lost, entry.from.handle) }
    end
  end
  for _, entry in ipairs(diff.gone) do
    if entry.was.wide then
      list[#list + 1] = { wide.key(entry.from, entry.was), nil, nil, contains(lost, entry.from.handle) }
    end
  end
  return list
end

local function reserve(o, case, i)
  local iterate = next
  for entry, v in iterate, case.writes do
    core.stage_write(i, entry.info.handle, entry.is.index, v)
    if entry.is.wide == "reference" then wide.reserve(o, wide.key(entry.info, entry.is)) end
  end
  for entry in iterate, case.empty do core.stage_write(i, entry.info.handle, entry.is.index, nil) end
  for name in iterate, case.raw do
    if rawget(o, name) == nil then
      case.reserved = case.reserved or {}
      case.reserved[name] = true
      rawset(o, name, false)
    end
  end
end
jit.off(reserve)               -- docs/decisions/0005

-- Those of a list that have no other version in the second.
local function unpaired(list, others)
  local names, alone = {}, {}
  for _, other in ipairs(others) do names[layout.trait(other).name] = true end
  for _, pointer in ipairs(list) do
    if not names[layout.trait(pointer).name] then alone[#alone + 1] = pointer end
  end
  return alone
end

-- Views of a trait's other version read and write by that from the install on.
local function renew_views(gained)
  for _, pointer in ipairs(gained) do
    local info = layout.trait(pointer)
    if metas[info.index] == nil then
      metas[info.index] = core.view_metas[info.index + 1] or false
      if metas[info.index] then view.prepare(info) end
    end
  end
end

local function look_for(from, to, settled)
  local gained, gone = adopt.lapsing(to, from), adopt.lapsing(from, to)
  local now = active or { what = "the layout", cases = {} }
  local diff = judge.compare(infos_of(from), now.target and now.target(from) or infos_of(to), now.owner)
  local lost, won = unpaired(gone, gained), unpaired(gained, gone)
  renew_views(gained)
  local needed = (now.migrate or lost[1]) and true or judge.needs_look(diff)
  if not needed then return nil end
  diff.keepsakes = keepsakes(diff, lost)
  local function look(o, _, _, _, i)
    local case = now.cases[o] or judge.judge(o, from, diff, now.migrate, now.what, settled)
    local entry = { o, case, diff, to, lost, lost[1] and adopt.values(o, lost), won[1] and adopt.notes(o, won) }
    staged[#staged + 1] = entry
    for _, keepsake in ipairs(diff.keepsakes) do
      if keepsake[2] and keepsake[2] ~= keepsake[1] then wide.reserve(o, keepsake[2]) end
    end
    reserve(o, case, i)
  end
  if needed == true then return look end
  local count = #needed
  return function(o, _, _, _, i)
    for k = 1, count do
      if rawget(o, needed[k]) ~= nil then return look(o, nil, nil, nil, i) end
    end
  end
end

function shapes.hooks.look(from, to, settled)
  local gone = adopt.lapsing(from, to)
  if active or #unpaired(gone, adopt.lapsing(to, from)) < #gone then
    return look_for(from, to, settled)
  end
  return adopt.look(from, to)
end

local function take_back(list)
  local iterate = next
  for _, entry in ipairs(list) do
    for name in iterate, entry[2].reserved or {} do rawset(entry[1], name, nil) end
  end
end
jit.off(take_back)           -- docs/decisions/0005

-- Stores into places that are there.
local function store(o, case, diff, to, lost, values, notes)
  local iterate = next
  for _, keepsake in ipairs(diff.keepsakes) do wide.move(o, keepsake[1], keepsake[2], keepsake[3], keepsake[4]) end
  for entry, v in iterate, case.writes do
    if entry.is.wide == "reference" then wide.keep(o, wide.key(entry.info, entry.is), v) end
  end
  for entry in iterate, case.empty do wide.keep(o, wide.key(entry.info, entry.is), nil) end
  for name in iterate, case.clear do
    if rawget(o, name) ~= nil then rawset(o, name, nil) end
  end
  if values then
    for _, value_of in ipairs(values) do
      if not diff.by[value_of[1]] then rawset(o, value_of[1], value_of[2]) end
    end
  end
  for name, v in iterate, case.raw do rawset(o, name, v) end
  adopt.drop(o, lost)
  if notes then adopt.noted(o, notes) end
  if chain.any(o) then chain.lapse(o, to.methods) end
end
jit.off(store)               -- docs/decisions/0005

function shapes.hooks.settle(commit)
  adopt.settle(commit)
  local list, before, iterate = staged, metas, next
  staged, metas = {}, {}
  if commit then
    for _, entry in ipairs(list) do store(unpack(entry, 1, 7)) end
  else
    take_back(list)
    for index, meta in iterate, before do core.view_metas[index + 1] = meta or nil end
  end
end
jit.off(shapes.hooks.settle) -- docs/decisions/0005

-- The objects that `each` gives, each with what it is to be: `target(shape)` gives the
-- infos of its traits then.
local function judge_all(each, target, now)
  local diffs, found = {}, {}
  for o in each do found[#found + 1] = o end
  -- Not inside the loop: migrate may do anything that is no verb.
  for _, o in ipairs(found) do
    local shape = bodies.of(o)
    if shape then
      local diff = diffs[shape]
      if not diff then
        diff = judge.compare(infos_of(shape), target(shape), now.owner)
        diffs[shape] = diff
      end
      now.cases[o] = judge.judge(o, shape, diff, now.migrate, now.what)
    end
  end
end

-- Carries a change out: `install` calls the core, and returns a result or nil and an
-- error. given: what ("trait 'Tank'"), owner, migrate, each, target.
function evolve.carry_out(given, install)
  border.expect_no_migration()
  if active then check.raise("state", "a declaration cannot change while another one changes") end
  local now = { what = given.what, owner = given.owner, migrate = given.migrate, target = given.target,
    cases = {} }
  if given.migrate then judge_all(given.each(), given.target, now) end
  active = now
  local ok, result, failure = pcall(install)
  active = nil
  if not ok then error(result, 0) end
  if result == nil then error(failure, 0) end
  return result
end

-- Does the change at once, or, where native methods are on the stack that it concerns,
-- when the outermost of them has returned. Returns what `change` does, or `now`.
function evolve.in_time(must_wait, now, change)
  if not must_wait then return change() end
  check.result(core.defer(function() return core.quietly(change) end))
  return now
end

-- What a redefinition did, for the return value and the event.
function evolve.report_of(from, to, count)
  local report = { added = {}, removed = {}, kept = {}, widened = {}, changed = {}, instances = count }
  local diff = judge.compare(from, to)
  local lists = { fresh = report.added, same = report.kept, wider = report.widened }
  for _, entry in ipairs(diff.entries) do
    local list = lists[entry.fit] or report.changed
    list[#list + 1] = entry.name
  end
  for _, entry in ipairs(diff.gone) do report.removed[#report.removed + 1] = entry.name end
  return report
end

-- Do the two differ in what Lua alone sees of their fields?
function evolve.differ_in_lua(from, to)
  local diff = judge.compare(from, to)
  for _, entry in ipairs(diff.entries) do
    if entry.is.kind == "any" and (entry.fit ~= "same" or entry.is.required) then return true end
  end
  for _, entry in ipairs(diff.gone) do
    if entry.was.kind == "any" then return true end
  end
  return false
end

-- The file of "game.lua:12".
local function file_of(where)
  return (where:gsub(":%d+$", ""))
end

-- Is it for the running declaration to change what was declared at `where`?
function evolve.may_redefine(spec, where)
  return spec.redefine == true or file_of(where) == file_of(check.here())
end

-- Every living object whose shape passes.
evolve.living = registry.each

evolve.infos_of = infos_of

return evolve
