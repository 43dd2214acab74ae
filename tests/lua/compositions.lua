-- Random compositions against a naive model: what a name means, what is refused,
-- what a method declared `all` runs; and the laws that composition obeys.
--
-- `run(seed, rounds)` raises at the first that differs: its seed, and the shortest list
-- of pieces that still fails.

local molt = require "molt"
local property = require "property"

local compositions = {}

-- ---- The world: traits, by their places. `defs` of Lua; `needs` a method.

local names = { "a", "b", "c" }
local pool = {
  { defs = { "a" }, requires = {}, excludes = {} },
  { defs = { "a", "b" }, requires = {}, excludes = {}, update = true },
  { defs = { "c" }, requires = { 4 }, excludes = {}, update = true },
  { defs = { "b" }, requires = { 3 }, excludes = {}, update = true },      -- 3 and 4 require each other
  { defs = {}, requires = {}, excludes = { 1 }, needs = "b", update = true },
  { defs = { "c" }, requires = { 2 }, excludes = {}, update = true },
}
-- Names that do not follow the places: the order of `all` goes by them.
local called = { "PropM", "PropK", "PropZ", "PropD", "PropA", "PropC" }

for i, t in ipairs(pool) do
  local spec = { requires = {}, excludes = {} }
  for _, other in ipairs(t.requires) do table.insert(spec.requires, "trait " .. called[other]) end
  for _, other in ipairs(t.excludes) do table.insert(spec.excludes, "trait " .. called[other]) end
  if t.needs then table.insert(spec.requires, t.needs) end
  for _, own in ipairs(t.defs) do spec[own] = function() return i .. own end end
  if t.update then
    spec[1] = "all void update()"
    spec.update = function(self) self.log[#self.log + 1] = i end
  end
  t.trait = molt.trait(called[i], spec)
end

-- ---- The model. A piece is { place, verbs }; what it exposes is two sets,
-- own -> name -> true: of definitions, and of names that must be filled.

local function knows(t, own)
  for _, name in ipairs(t.defs) do if name == own then return true end end
  return t.needs == own
end

local function exposed(piece)
  local t, defines, slots = pool[piece[1]], {}, {}
  for _, own in ipairs(names) do
    if knows(t, own) then
      slots[own] = { [own] = true }
      defines[own] = { [own] = true }
    end
  end
  for _, verb in ipairs(piece[2]) do
    for own, set in pairs(defines) do
      local kind, old, new = verb[1], verb[2], verb[3]
      local had, slot = set[old], slots[own][old]
      if kind == "without" then set[old] = nil end
      if kind == "alias" and had then set[new] = true end
      if kind == "rename" and had then set[old], set[new] = nil, true end
      if kind == "rename" and slot then slots[own][old], slots[own][new] = nil, true end
    end
  end
  return defines, slots
end

-- What the composition of the pieces means: origins of each name, and what is needed.
local function model(pieces)
  local origins, needs, has = { a = {}, b = {}, c = {} }, {}, {}
  for _, piece in ipairs(pieces) do
    local place, defines, slots = piece[1], exposed(piece)
    has[place] = true
    for _, own in ipairs(pool[place].defs) do
      for name in pairs(defines[own]) do origins[name][place .. own] = true end
    end
    local need = pool[place].needs
    if need then
      needs[place] = needs[place] or {}
      for name in pairs(slots[need]) do needs[place][name] = true end
    end
  end
  return { origins = origins, needs = needs, has = has }
end

local function only(set)
  local first = next(set)
  return first, first ~= nil and next(set, first) ~= nil
end

-- The codes of everything that is wrong.
local function refusals(m)
  local codes = {}
  for _, name in ipairs(names) do
    local _, more = only(m.origins[name])
    if more then codes.conflict = true end
  end
  for place in pairs(m.has) do
    for _, other in ipairs(pool[place].requires) do if not m.has[other] then codes.missing = true end end
    for _, other in ipairs(pool[place].excludes) do if m.has[other] then codes.excluded = true end end
  end
  for place, set in pairs(m.needs) do
    local own = pool[place].needs
    local slot = set[own] and own or (set.a and "a" or set.b and "b" or "c")
    if not only(m.origins[slot]) then codes.missing = true end
  end
  return codes
end

local function requires(i, j, seen)
  seen = seen or {}
  if seen[i] then return false end
  seen[i] = true
  for _, other in ipairs(pool[i].requires) do
    if other == j or requires(other, j, seen) then return true end
  end
  return false
end

-- Required first, then by name: take the least of those that wait for no other.
local function update_order(m)
  local order, left = {}, {}
  for place in pairs(m.has) do left[place] = true end
  while next(left) do
    local best
    for i in pairs(left) do
      local waits = false
      for j in pairs(left) do waits = waits or (requires(i, j) and not requires(j, i)) end
      if not waits and (not best or called[i] < called[best]) then best = i end
    end
    left[best] = nil
    if pool[best].update then order[#order + 1] = best end
  end
  return order
end

-- ---- The real thing.

local function value(piece)
  local v = pool[piece[1]].trait
  for _, verb in ipairs(piece[2]) do
    if verb[1] == "without" then v = molt.without(v, verb[2]) else v = molt[verb[1]](v, { [verb[2]] = verb[3] }) end
  end
  return v
end

local function values(pieces)
  local list = {}
  for i, piece in ipairs(pieces) do list[i] = value(piece) end
  return list
end

local Class = molt.class("PropClass", {})

local function attach(list)
  local o = Class()
  local ok, err = pcall(molt.attach, o, list)
  if ok then return o end
  if next(molt.traits_of(o)) or o.a or o.b or o.c or o.update then return nil, "changed something" end
  return nil, err.code
end

-- nil, or what differs from the model.
local function differs(pieces)
  local m = model(pieces)
  local codes = refusals(m)
  local o, code = attach(values(pieces))
  if not o then return not codes[code] and ("refused as %s"):format(code) or nil end
  if next(codes) then return ("not refused as %s"):format(next(codes)) end
  for _, name in ipairs(names) do
    local origin = only(m.origins[name])
    local found = o[name] and o[name](o)
    if found ~= origin then return ("%s is %s, expected %s"):format(name, tostring(found), tostring(origin)) end
  end
  o.log = {}
  if o.update then o:update() end
  local ran, expected = table.concat(o.log, " "), table.concat(update_order(m), " ")
  if ran ~= expected then return ("update ran %s, expected %s"):format(ran, expected) end
end

-- ---- Laws: these lists mean the same, so they make one shape or fail alike.

local function shuffled(list, pick)
  local copy = { unpack(list) }
  for i = #copy, 2, -1 do
    local j = pick(i)
    copy[i], copy[j] = copy[j], copy[i]
  end
  return copy
end

-- Brackets anywhere, pieces named twice, the empty composition.
local function nested(list, pick)
  local tree = { {} }
  for _, v in ipairs(shuffled(list, pick)) do
    local kind = pick(4)
    if kind == 1 then tree = { tree, v } elseif kind == 2 then tree = { { v, {} }, tree }
    elseif kind == 3 then tree = { v, tree, v } else tree[#tree + 1] = v end
  end
  return tree
end

local function same(one, other)
  local o, code = attach(one)
  local p, other_code = attach(other)
  if code ~= other_code and (o or p) then return ("%s and %s"):format(tostring(code), tostring(other_code)) end
  if o and getmetatable(o) and debug.getmetatable(o) ~= debug.getmetatable(p) then return "two shapes" end
end

local function without_each(pieces, name)
  local list = {}
  for i, v in ipairs(values(pieces)) do list[i] = v end
  local known = {}
  for _, v in ipairs(list) do
    local ok, changed = pcall(molt.without, v, name)
    known[#known + 1] = ok and changed or v
  end
  local ok, whole = pcall(molt.without, list, name)
  return known, ok and whole or list
end

local function breaks_a_law(pieces, pick)
  local list = values(pieces)
  local why = same(list, nested(list, pick))
  if why then return "commutative, associative, idempotent: " .. why end
  why = same(without_each(pieces, names[pick(3)]))
  return why and "without distributes: " .. why
end

-- ---- Running it.

local function random_piece(pick)
  local place, verbs = pick(#pool), {}
  local piece = { place, verbs }
  for _ = 1, pick(3) - 1 do
    local old, new, kind = names[pick(3)], names[pick(3)], ({ "without", "rename", "alias" })[pick(3)]
    local defines, slots = exposed(piece)
    local known = false
    for own in pairs(defines) do known = known or defines[own][old] or slots[own][old] end
    if known and old ~= new then verbs[#verbs + 1] = { kind, old, new } end
  end
  return piece
end

local function spelled(pieces)
  local text = {}
  for i, piece in ipairs(pieces) do
    text[i] = called[piece[1]]
    for _, verb in ipairs(piece[2]) do text[i] = text[i] .. ":" .. table.concat(verb, " ") end
  end
  return "{ " .. table.concat(text, ", ") .. " }"
end

function compositions.run(first_seed, rounds)
  for seed = first_seed, first_seed + rounds - 1 do
    local pick, pieces = property.generator(seed * 7919), {}
    for i = 1, pick(5) - 1 do pieces[i] = random_piece(pick) end
    local function fails(list)
      return differs(list) or breaks_a_law(list, pick)
    end
    if fails(pieces) then
      pieces = property.shrink(pieces, fails)
      error(("MOLT_SEED=%d MOLT_ROUNDS=1: %s: %s"):format(seed, spelled(pieces), tostring(fails(pieces))), 0)
    end
  end
end

return compositions
