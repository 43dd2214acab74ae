-- Random patches, fills, attaches and detaches against a naive model.
--
-- A failure prints a seed and the shortest list of steps that still fails.
--   MOLT_SEED     where to begin         MOLT_ROUNDS   how many sequences

local helper = require "helper"
local molt = require "molt"

local steps = 60
local rounds = tonumber(os.getenv "MOLT_ROUNDS") or helper.long and 20000 or helper.stress and 10 or 150
local first_seed = tonumber(os.getenv "MOLT_SEED") or 20260101

local names = { "say", "hum" }
local log                                 -- what befores and afters leave

local Base = molt.class("ModelBase", { molt.trait("ModelVoice", { say = function() return "voice" end }) })
local Sub = molt.class("ModelSub", { extends = Base })
local classes = { Base, Sub }

-- B requires A, C requires B: a cascade takes them along.
local A = molt.trait("ModelA", { "double fa = 1", "any aa", say = function() return "A" end })
local B = molt.trait("ModelB", { "double fb = 2", "any ab", hum = function() return "B" end, requires = { A } })
local C = molt.trait("ModelC", { "double fc = 3", "any ac", requires = { B } })
local traits = {
  { trait = A, typed = "fa", default = 1, any = "aa", methods = { say = "A" } },
  { trait = B, typed = "fb", default = 2, any = "ab", methods = { hum = "B" }, requires = 1 },
  { trait = C, typed = "fc", default = 3, any = "ac", methods = {}, requires = 2 },
}

local kinds = { "override", "before", "after", "around" }

local function patch_function(kind, tag)
  if kind == "override" then return function() return tag end end
  if kind == "around" then return function(next, self) return tag .. "(" .. tostring(next(self)) .. ")" end end
  return function() log[#log + 1] = tag end
end

-- ---------------------------------------------------------------- the model

-- Calls what a patch and everything beneath it come to.
local function apply(patch, beneath)
  if patch.kind == "override" then return patch.tag end
  if patch.kind == "around" then return patch.tag .. "(" .. tostring(beneath()) .. ")" end
  if patch.kind == "before" then log[#log + 1] = patch.tag end
  local result = beneath()
  if patch.kind == "after" then log[#log + 1] = patch.tag end
  return result
end

-- A function that gives the answer, or nil.
local function class_answer(model, class, name)
  local entries, base, from = class.entries, nil, 0
  for i = #entries, 1, -1 do
    local entry = entries[i]
    if entry.name == name and not base and (entry.kind == "fill" or entry.kind == "override") then
      base = function() return entry.tag end
      if entry.kind == "override" then from = i end
    end
  end
  if not base and class == model.classes[1] and name == "say" then base = function() return "voice" end end
  if not base and class.base then base = class_answer(model, class.base, name) end
  if not base then return nil end
  for i, entry in ipairs(entries) do
    local beneath = base
    if entry.name == name and entry.kind ~= "fill" and entry.kind ~= "override" and i > from then
      base = function() return apply(entry, beneath) end
    end
  end
  return base
end

-- Patches of an object stay when their method goes: `next` of the lowest raises then.
local function object_answer(model, object, name, allow_none)
  local answer = class_answer(model, object.class, name)
  for i, t in ipairs(traits) do
    if object.attached[i] and t.methods[name] then answer = function() return t.methods[name] end end
  end
  answer = answer or allow_none and function() error("nothing is left", 0) end
  if not answer then return nil end
  for _, patch in ipairs(object.patches) do
    local beneath = answer
    if patch.name == name then answer = function() return apply(patch, beneath) end end
  end
  return answer
end

-- ---------------------------------------------------------------- the steps

local function pick(list, number) return list[number % #list + 1] end

local function drop_patch(list, patch)
  for i, other in ipairs(list) do
    if other == patch then table.remove(list, i) return true end
  end
  return false
end

-- Patches of names that are no methods any more end.
local function lapse(model, object)
  for _, name in ipairs(names) do
    if not object_answer(model, { class = object.class, attached = object.attached, patches = {} }, name) then
      for i = #object.patches, 1, -1 do
        if object.patches[i].name == name then table.remove(object.patches, i) end
      end
    end
  end
end

local operations = {}

local function push(model, target, list, verb, name, has)
  model.tags = model.tags + 1
  local tag = "p" .. model.tags
  local ok, handle = pcall(molt[verb], target, name, patch_function(verb, tag))
  assert(ok == has, ("%s of '%s' %s"):format(verb, name, tostring(handle)))
  if not ok then return end
  local patch = { kind = verb, name = name, tag = tag, handle = handle }
  list[#list + 1] = patch
  model.handles[#model.handles + 1] = { patch = patch, list = list }
end

function operations.patch_object(model, n)
  local object, name = pick(model.objects, n[1]), pick(names, n[2])
  local is_method = object_answer(model, object, name) ~= nil
  push(model, object.real, object.patches, pick(kinds, n[3]), name, is_method)
end

function operations.patch_class(model, n)
  local class, name = pick(model.classes, n[1]), pick(names, n[2])
  local is_method = class_answer(model, class, name) ~= nil
  push(model, class.real, class.entries, pick(kinds, n[3]), name, is_method)
end

function operations.remove(model, n)
  local entry = #model.handles > 0 and pick(model.handles, n[1])
  if not entry then return end
  local list, patch = entry.list, entry.patch
  local removed = entry.patch.handle:remove()
  assert(removed == drop_patch(list, patch), "remove returned " .. tostring(removed))
end

function operations.restore_object(model, n)
  local object, name = pick(model.objects, n[1]), pick(names, n[2])
  local count = 0
  for i = #object.patches, 1, -1 do
    if object.patches[i].name == name then
      table.remove(object.patches, i)
      count = count + 1
    end
  end
  assert(molt.restore(object.real, name) == count, "restore of an object")
end

function operations.restore_class(model, n)
  local class, count = pick(model.classes, n[1]), 0
  for i = #class.entries, 1, -1 do
    if class.entries[i].kind ~= "fill" then
      table.remove(class.entries, i)
      count = count + 1
    end
  end
  assert(molt.restore(class.real) == count, "restore of a class")
end

-- Later fills take the place of earlier ones of `class.name = fn`.
function operations.fill(model, n)
  local class, name = pick(model.classes, n[1]), pick(names, n[2])
  for i, entry in ipairs(class.entries) do
    if entry.kind == "fill" and entry.name == name then table.remove(class.entries, i) break end
  end
  if n[3] % 3 == 0 then
    class.real[name] = nil
    return
  end
  model.tags = model.tags + 1
  local tag = "f" .. model.tags
  class.real[name] = function() return tag end
  table.insert(class.entries, { kind = "fill", name = name, tag = tag })
end

function operations.attach(model, n)
  local object, i = pick(model.objects, n[1]), n[2] % #traits + 1
  local t = traits[i]
  local lawful = not object.attached[i] and (not t.requires or object.attached[t.requires] ~= nil)
  assert(pcall(molt.attach, object.real, t.trait) == lawful, "attach")
  if not lawful then return end
  local fields = object.fields
  object.attached[i] = { typed = fields[t.typed] ~= nil, any = fields[t.any] ~= nil }
  if fields[t.typed] == nil then fields[t.typed] = t.default end
end

local function model_detach(object, i)
  local t, had = traits[i], object.attached[i]
  object.attached[i] = nil
  if not had.typed then object.fields[t.typed] = nil end
  if not had.any then object.fields[t.any] = nil end
end

function operations.detach(model, n)
  local object, i, cascade = pick(model.objects, n[1]), n[2] % #traits + 1, n[3] % 2 == 0
  local blocked = object.attached[i + 1] ~= nil
  local lawful = object.attached[i] ~= nil and (cascade or not blocked)
  local ok, err = pcall(molt.detach, object.real, traits[i].trait, { cascade = cascade })
  assert(ok == lawful, "detach: " .. tostring(err))
  if not ok then return end
  for k = #traits, i, -1 do
    if object.attached[k] then model_detach(object, k) end
  end
  lapse(model, object)
end

function operations.set(model, n)
  local object, t = pick(model.objects, n[1]), pick(traits, n[2])
  local field = n[3] % 2 == 0 and t.typed or t.any
  object.real[field], object.fields[field] = n[4], n[4]
end

function operations.replace(model, n)
  local at = n[1] % #model.objects + 1
  local gone = model.objects[at].patches
  molt.destroy(model.objects[at].real)
  while gone[1] do table.remove(gone) end
  table.remove(model.objects, at)
  local class = pick(model.classes, n[2])
  table.insert(model.objects, { class = class, real = class.real(), attached = {}, patches = {}, fields = {} })
end

local order = { "patch_object", "patch_object", "patch_class", "patch_class", "remove", "remove", "restore_object",
  "restore_class", "fill", "fill", "attach", "attach", "detach", "detach", "set", "replace" }

-- ---------------------------------------------------------------- comparing

local function answer_of(fn, ...)
  log = {}
  local ok, result = pcall(fn, ...)
  if not ok and fn then result = "error" elseif not ok then result = nil end
  return tostring(result) .. " " .. table.concat(log, ",")
end

local function answer_for(model, object, name)
  local patched = false
  for _, patch in ipairs(object.patches) do patched = patched or patch.name == name end
  return object_answer(model, object, name, patched)
end

local function check_object(model, object)
  local o = object.real
  for _, name in ipairs(names) do
    local expected, found = answer_of(answer_for(model, object, name)), answer_of(o[name], o)
    assert(expected == found, ("%s:%s() is '%s', expected '%s'"):format(molt.name(o), name, found, expected))
  end
  for i, t in ipairs(traits) do
    assert(molt.is(o, t.trait) == (object.attached[i] ~= nil), "traits")
    assert(o[t.typed] == object.fields[t.typed], t.typed)
    assert(o[t.any] == object.fields[t.any], t.any)
    local raw = rawget(o, t.typed)
    assert(raw == nil or not object.attached[i], t.typed .. " is hidden by a raw key")
  end
  local patched, iterate = {}, next
  for _, patch in ipairs(object.patches) do patched[patch.name] = true end
  for key in iterate, o do
    assert(key == 0 or object.fields[key] ~= nil or patched[key], "a key is left over: " .. tostring(key))
  end
end

local function check_all(model)
  local at = 1
  for o in molt.each(Base) do
    assert(o == model.objects[at].real, "the order of iteration")
    at = at + 1
  end
  assert(at == #model.objects + 1, "iteration ends early")
  for _, object in ipairs(model.objects) do check_object(model, object) end
end

local function run(list)
  local model = { classes = {}, objects = {}, handles = {}, tags = 0 }
  for i, class in ipairs(classes) do model.classes[i] = { real = class, entries = {}, base = model.classes[i - 1] } end
  for i = 1, 3 do
    local class = pick(model.classes, i)
    model.objects[i] = { class = class, real = class.real(), attached = {}, patches = {}, fields = {} }
  end
  local ok, err = true, nil
  for i, step in ipairs(list) do
    ok, err = pcall(function()
      operations[step.name](model, step)
      check_all(model)
    end)
    if not ok then
      err = ("step %d, %s: %s"):format(i, step.name, tostring(err))
      break
    end
  end
  for _, object in ipairs(model.objects) do if molt.alive(object.real) then molt.destroy(object.real) end end
  for _, class in ipairs(classes) do
    molt.restore(class)
    for _, name in ipairs(names) do class[name] = nil end
  end
  return ok, err
end

local function sequence(seed)
  math.randomseed(seed)
  local list = {}
  for i = 1, steps do
    list[i] = { name = order[math.random(#order)], math.random(999), math.random(999), math.random(999), math.random(999) }
  end
  return list
end

-- Leaves out what the failure does not need.
local function shrink(list)
  local at = #list
  while at >= 1 do
    local shorter = {}
    for i, step in ipairs(list) do if i ~= at then shorter[#shorter + 1] = step end end
    if not run(shorter) then list = shorter end
    at = math.min(at - 1, #list)
  end
  return list
end

describe("patches, fills and attached traits", function()
  it("do what the model says", function()
    for seed = first_seed, first_seed + rounds - 1 do
      local list = sequence(seed)
      if not run(list) then
        list = shrink(list)
        local _, err = run(list)
        local told = {}
        for i, step in ipairs(list) do told[i] = step.name .. "(" .. table.concat(step, ", ") .. ")" end
        error(("MOLT_SEED=%d MOLT_ROUNDS=1: %s\n  %s"):format(seed, tostring(err), table.concat(told, "\n  ")), 0)
      end
    end
  end)
end)
