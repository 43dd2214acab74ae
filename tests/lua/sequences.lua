-- Random sequences of patches, fills, edits, attaches, detaches, uses, drops, ends,
-- redefinitions with other layouts, changes of class, dumps and builds, against a naive model.
-- and the shortest list of steps that still fails, as a script.

local molt = require "molt"
local property = require "property"

local sequences = {}

local steps = 30

local names = { "say", "hum" }            -- and `mark`, which is declared `all`
local log                                 -- what befores, afters and marks leave

local function marks(tag) return function() log[#log + 1] = tag end end

local Voice = molt.trait("ModelVoice", { "all void mark()", say = function() return "voice" end, mark = marks "voice" })
local Base = molt.class("ModelBase", { Voice })
local Sub = molt.class("ModelSub", { extends = Base })
local classes = { Base, Sub }

-- B requires A, C requires B: a cascade takes them along. U is for classes.
local A = molt.trait("ModelA", { "double fa = 1", "any aa", "all void mark()" })
local B = molt.trait("ModelB", { "double fb = 2", "any ab", requires = { A }, mark = marks "B" })
local C = molt.trait("ModelC", { "double fc = 3", "any ac", requires = { B }, mark = marks "C" })
local U = molt.trait("ModelU", { "double fu = 4", mark = marks "U" })
local traits = {
  { name = "A", trait = A, typed = "fa", default = 1, any = "aa", methods = { say = true } },
  { name = "B", trait = B, typed = "fb", default = 2, any = "ab", methods = { hum = true }, requires = 1, mark = "B" },
  { name = "C", trait = C, typed = "fc", default = 3, any = "ac", methods = {}, requires = 2, mark = "C" },
}
local of_classes = { name = "U", trait = U, typed = "fu", default = 4, methods = { hum = true }, mark = "U" }
-- What a trait or class that is declared again may have more, by the name of what has it.
local K = molt.trait("ModelK", { "double fk = 6" })
local extras = { A = "xa", B = "xb", C = "xc", U = "xu", Sub = "fk" }
local fields = { "fa", "aa", "fb", "ab", "fc", "ac", "fu", "xa", "xb", "xc", "xu", "fk" }

local kinds = { "override", "before", "after", "around" }

local function patch_function(kind, tag, name)
  if kind == "override" and name ~= "mark" then return function() return tag end end
  if kind == "around" then return function(next, self) return tag .. "(" .. tostring((next(self))) .. ")" end end
  return function() log[#log + 1] = tag end
end

-- ---------------------------------------------------------------- the model

-- Calls what a patch and everything beneath it come to.
local function apply(patch, beneath)
  if patch.kind == "override" and patch.name == "mark" then log[#log + 1] = patch.tag return end
  if patch.kind == "override" then return patch.tag end
  if patch.kind == "around" then return patch.tag .. "(" .. tostring((beneath())) .. ")" end
  if patch.kind == "before" then log[#log + 1] = patch.tag end
  local result = beneath()
  if patch.kind == "after" then log[#log + 1] = patch.tag end
  return result
end

local function is_wrapper(entry) return entry.kind ~= "fill" and entry.kind ~= "override" end

-- Has the class the trait of classes, itself or from its base?
local function uses(class) return class ~= nil and (class.uses or uses(class.base)) end

-- A function that gives the answer, or nil.
local function class_answer(model, class, name)
  local entries, base, from = class.entries, nil, 0
  for i = #entries, 1, -1 do
    local entry = entries[i]
    if entry.name == name and not base and not is_wrapper(entry) then
      base = function() return entry.tag end
      if entry.kind == "override" then from = i end
    end
  end
  if not base and class.uses and name == "hum" then base = function() return model.defined.U end end
  if not base and class == model.classes[1] and name == "say" then base = function() return "voice" end end
  if not base and class.base then base = class_answer(model, class.base, name) end
  if not base then return nil end
  for i, entry in ipairs(entries) do
    local beneath = base
    if entry.name == name and is_wrapper(entry) and i > from then
      base = function() return apply(entry, beneath) end
    end
  end
  return base
end

-- Patches of an object stay when their method goes: `next` of the lowest raises then.
local function object_answer(model, object, name, allow_none)
  local answer = class_answer(model, object.class, name)
  for i, t in ipairs(traits) do
    if object.attached[i] and t.methods[name] then answer = function() return model.defined[t.name] end end
  end
  answer = answer or allow_none and function() error("nothing is left", 0) end
  if not answer then return nil end
  for _, patch in ipairs(object.patches) do
    local beneath = answer
    if patch.name == name then answer = function() return apply(patch, beneath) end end
  end
  return answer
end

-- What a class itself says of `mark`, the latest; and its place, if that is an override.
local function own_mark(class)
  local entries = class.entries
  for i = #entries, 1, -1 do
    local entry = entries[i]
    if entry.name == "mark" and not is_wrapper(entry) then return entry, entry.kind == "override" and i or nil end
  end
end

-- The classes that count for `mark`, the base first: an override replaces what is beneath.
local function mark_line(class)
  local line = {}
  while class do
    local own, overridden = own_mark(class)
    table.insert(line, 1, { class = class, own = own, from = overridden or 0 })
    class = not overridden and class.base
  end
  return line
end

-- Everything that defines `mark`: traits, required ones first, then by name (ModelB,
-- ModelC, ModelU, ModelVoice); classes, the base first. Wrappers of classes and of the
-- object go around the whole.
local function mark_answer(_, object)
  local line, list, used, voice = mark_line(object.class), {}, false, false
  for i, t in ipairs(traits) do
    if object.attached[i] and t.mark then list[#list + 1] = t.mark end
  end
  for _, at in ipairs(line) do
    local traits_count = at.from == 0
    used = used or traits_count and at.class.uses
    voice = voice or traits_count and at.class.base == nil
  end
  if used then list[#list + 1] = "U" end
  if voice then list[#list + 1] = "voice" end
  for _, at in ipairs(line) do list[#list + 1] = at.own and at.own.tag end
  local answer = function() for _, tag in ipairs(list) do log[#log + 1] = tag end end
  local function wrap(entry)
    local beneath = answer
    answer = function() return apply(entry, beneath) end
  end
  for _, at in ipairs(line) do
    for i, entry in ipairs(at.class.entries) do
      if entry.name == "mark" and is_wrapper(entry) and i > at.from then wrap(entry) end
    end
  end
  for _, patch in ipairs(object.patches) do
    if patch.name == "mark" then wrap(patch) end
  end
  return answer
end

-- ---------------------------------------------------------------- the steps

local function pick(list, number) return list[number % #list + 1] end

local script                              -- what a step does, in words
local function tell(text, ...) script = text:format(...) end

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
local follow_extras

local function push(model, target, list, verb, name, has)
  model.tags = model.tags + 1
  local tag = "p" .. model.tags
  tell("local %s = molt.%s(%s, %q, …)", tag, verb, (molt.name(target):gsub("#", ""):lower()), name)
  local ok, handle = pcall(molt[verb], target, name, patch_function(verb, tag, name))
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

function operations.patch_mark(model, n)
  local verb = pick(kinds, n[3])
  if n[1] % 2 == 0 then
    local object = pick(model.objects, n[2])
    push(model, object.real, object.patches, verb, "mark", true)
  else
    local class = pick(model.classes, n[2])
    push(model, class.real, class.entries, verb, "mark", true)
  end
end

function operations.remove(model, n)
  local entry = #model.handles > 0 and pick(model.handles, n[1])
  if not entry then return end
  tell("%s:remove()", entry.patch.tag)
  local list, patch = entry.list, entry.patch
  local removed = entry.patch.handle:remove()
  assert(removed == drop_patch(list, patch), "remove returned " .. tostring(removed))
end

function operations.restore_object(model, n)
  local object, name = pick(model.objects, n[1]), pick({ "say", "hum", "mark" }, n[2])
  local count = 0
  tell("molt.restore(%s, %q)", (molt.name(object.real):gsub("#", ""):lower()), name)
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
  tell("molt.restore(%s)", molt.name(class.real))
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
  local class, name = pick(model.classes, n[1]), pick({ "say", "hum", "mark" }, n[2])
  for i, entry in ipairs(class.entries) do
    if entry.kind == "fill" and entry.name == name then table.remove(class.entries, i) break end
  end
  tell("%s.%s = %s", molt.name(class.real), name, n[3] % 3 == 0 and "nil" or "…")
  if n[3] % 3 == 0 then
    class.real[name] = nil
    return
  end
  model.tags = model.tags + 1
  local tag = "f" .. model.tags
  class.real[name] = name == "mark" and marks(tag) or function() return tag end
  table.insert(class.entries, { kind = "fill", name = name, tag = tag })
end

-- A trait in use is edited: all that have it follow.
local function define(model, t, tag)
  local name = next(t.methods)
  model.defined[t.name] = tag
  t.trait[name] = function() return tag end
end

function operations.edit(model, n)
  local t = pick({ traits[1], traits[2], of_classes }, n[1])
  model.tags = model.tags + 1
  tell("function Model%s:%s() return 'e%d' end", t.name, next(t.methods), model.tags)
  define(model, t, "e" .. model.tags)
end

local function ones(object) return (molt.name(object.real):gsub("#", ""):lower()) end

function operations.attach(model, n)
  local object, i = pick(model.objects, n[1]), n[2] % #traits + 1
  local t = traits[i]
  tell("molt.attach(%s, Model%s)", ones(object), t.name)
  local lawful = not object.attached[i] and (not t.requires or object.attached[t.requires] ~= nil)
  assert(pcall(molt.attach, object.real, t.trait) == lawful, "attach")
  if not lawful then return end
  local values = object.fields
  object.attached[i] = { typed = values[t.typed] ~= nil, any = values[t.any] ~= nil }
  if values[t.typed] == nil then values[t.typed] = t.default end
  follow_extras(model, object)
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
  tell("molt.detach(%s, Model%s, { cascade = %s })", ones(object), traits[i].name, tostring(cascade))
  local lawful = object.attached[i] ~= nil and (cascade or not blocked)
  local ok, err = pcall(molt.detach, object.real, traits[i].trait, { cascade = cascade })
  assert(ok == lawful, "detach: " .. tostring(err))
  if not ok then return end
  for k = #traits, i, -1 do
    if object.attached[k] then model_detach(object, k) end
  end
  follow_extras(model, object)
  lapse(model, object)
end

local function extends(class, base) return class ~= nil and (class == base or extends(class.base, base)) end

-- Living objects whose class the trait of classes comes to, or goes from.
local function each_change(model, class, had, fn)
  for _, object in ipairs(model.objects) do
    if extends(object.class, class) and had[object] ~= uses(object.class) then fn(object) end
  end
end

local function who_has(model)
  local had = {}
  for _, object in ipairs(model.objects) do had[object] = uses(object.class) end
  return had
end

function operations.use(model, n)
  local class = pick(model.classes, n[1])
  tell("molt.use(%s, ModelU)", molt.name(class.real))
  local lawful = not uses(class)
  assert(pcall(molt.use, class.real, U) == lawful, "use")
  if not lawful then return end
  local had = who_has(model)
  class.uses = true
  each_change(model, class, had, function(object)
    object.adopted = object.fields.fu ~= nil
    if not object.adopted then object.fields.fu = 4 end
    follow_extras(model, object)
  end)
end

function operations.drop(model, n)
  local class = pick(model.classes, n[1])
  tell("molt.drop(%s, ModelU)", molt.name(class.real))
  assert(pcall(molt.drop, class.real, U) == (class.uses or false), "drop")
  if not class.uses then return end
  local had = who_has(model)
  class.uses = false
  each_change(model, class, had, function(object)
    if not object.adopted then object.fields.fu = nil end
    follow_extras(model, object)
    lapse(model, object)
  end)
end

function operations.set(model, n)
  local object, field = pick(model.objects, n[1]), pick(fields, n[2])
  if (field:find("^x") or field == "fk") and object.fields[field] == nil then return end
  tell("%s.%s = %d", ones(object), field, n[4])
  object.real[field], object.fields[field] = n[4], n[4]
end

local function new_object(model, class)
  local object = { class = class, real = class.real(), attached = {}, patches = {}, fields = {} }
  if uses(class) then object.fields.fu = 4 end
  follow_extras(model, object)
  table.insert(model.objects, object)
end

function operations.replace(model, n)
  local at = n[1] % #model.objects + 1
  local gone = model.objects[at].patches
  local class = pick(model.classes, n[2])
  tell("molt.destroy(%s) %s()", ones(model.objects[at]), molt.name(class.real))
  molt.destroy(model.objects[at].real)
  while gone[1] do table.remove(gone) end
  table.remove(model.objects, at)
  new_object(model, class)
end

function operations.collect(_, n)
  tell("collectgarbage() molt.tick()")
  collectgarbage(n[1] % 3 == 0 and "collect" or "step")
  molt.tick()
end

local order = { "patch_object", "patch_object", "patch_class", "patch_class", "patch_mark", "remove", "remove",
  "restore_object", "restore_class", "fill", "fill", "edit", "attach", "attach", "attach", "detach", "detach", "use",
  "drop", "set", "set", "replace", "collect", "redefine", "redefine", "redeclare", "become", "become", "rebuild" }

-- Fields that there are with the trait's or class's present declaration only come and go.
local function extra_comes(model, name, object, has)
  local field = extras[name]
  if not has then object.fields[field] = nil
  elseif model.wide[name] and object.fields[field] == nil then object.fields[field] = name == "Sub" and 6 or 7 end
end

-- The extra fields that the object is to have, with its class and traits.
function follow_extras(model, object)
  for i, t in ipairs(traits) do extra_comes(model, t.name, object, model.wide[t.name] and object.attached[i]) end
  extra_comes(model, "U", object, model.wide.U and uses(object.class))
  extra_comes(model, "Sub", object, model.wide.Sub and object.class == model.classes[2])
end

-- A trait is declared again: one field more, and all at other places; or as it was.
local function declare(t, wide)
  local spec = { redefine = true, requires = t.requires and { traits[t.requires].trait } or nil,
    mark = t.mark and marks(t.mark) or nil }
  if wide then spec[1] = ("double %s = 7"):format(extras[t.name]) end
  if t.any then spec[#spec + 1] = "any " .. t.any end
  if t.name == "A" then spec[#spec + 1] = "all void mark()" end
  spec[#spec + 1] = ("double %s = %d"):format(t.typed, t.default)
  molt.trait("Model" .. t.name, spec)
end

function operations.redefine(model, n)
  local t = pick({ traits[1], traits[2], traits[3], of_classes }, n[1])
  model.wide[t.name] = not model.wide[t.name]
  tell("molt.trait('Model%s', { %s… })", t.name, model.wide[t.name] and "'double " .. extras[t.name] .. " = 7', " or "")
  declare(t, model.wide[t.name])
  for _, object in ipairs(model.objects) do follow_extras(model, object) end
end

local function declare_sub(wide)
  molt.class("ModelSub", { redefine = true, extends = Base, wide and K or nil })
end

function operations.redeclare(model)
  model.wide.Sub = not model.wide.Sub
  tell("molt.class('ModelSub', { extends = ModelBase%s })", model.wide.Sub and ", ModelK" or "")
  declare_sub(model.wide.Sub)
  for _, object in ipairs(model.objects) do
    follow_extras(model, object)
    if not model.wide.Sub and object.class == model.classes[2] then lapse(model, object) end
  end
end

function operations.become(model, n)
  local object, class = pick(model.objects, n[1]), pick(model.classes, n[2])
  tell("molt.become(%s, %s)", ones(object), molt.name(class.real))
  local had = uses(object.class)
  molt.become(object.real, class.real)
  object.class = class
  if had and not uses(class) then
    if not object.adopted then object.fields.fu = nil end
  elseif uses(class) and not had then
    object.adopted = object.fields.fu ~= nil
    if not object.adopted then object.fields.fu = 4 end
  end
  follow_extras(model, object)
  lapse(model, object)
end

-- Saved, ended and loaded again: what is patched, and what was adopted, is forgotten.
function operations.rebuild(model, n)
  local at = n[1] % #model.objects + 1
  local object = model.objects[at]
  tell("%s = molt.build(molt.dump(…))", ones(object))
  local dump = molt.dump(object.real)
  molt.destroy(object.real)
  while object.patches[1] do table.remove(object.patches) end
  table.remove(model.objects, at)
  local iterate, attached = next, {}
  for i in iterate, object.attached do attached[i] = { typed = false, any = false } end
  table.insert(model.objects, { class = object.class, real = molt.build(dump), attached = attached, patches = {},
    fields = object.fields })
end

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
  local expected, found = answer_of(mark_answer(model, object)), answer_of(o.mark, o)
  assert(expected == found, ("%s:mark() left '%s', expected '%s'"):format(molt.name(o), found, expected))
  assert(molt.is(o, U) == (uses(object.class) or false), "the trait of classes")
  assert(o.fu == object.fields.fu, "fu")
  local each = next
  for _, field in each, extras do
    assert(o[field] == object.fields[field], ("%s is %s, expected %s"):format(field, tostring(o[field]),
      tostring(object.fields[field])))
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

local function clear(model)
  for _, object in ipairs(model.objects) do if molt.alive(object.real) then molt.destroy(object.real) end end
  for _, class in ipairs(model.classes) do
    molt.restore(class.real)
    for _, name in ipairs { "say", "hum", "mark" } do class.real[name] = nil end
    if class.uses then molt.drop(class.real, U) end
  end
  for _, t in ipairs { traits[1], traits[2], traits[3], of_classes } do
    if model.wide[t.name] then declare(t, false) end
  end
  if model.wide.Sub then declare_sub(false) end
end

-- nil, or what was different; and what was done until then.
local function run(list)
  local model = { classes = {}, objects = {}, handles = {}, tags = 0, defined = {}, wide = {} }
  for i, class in ipairs(classes) do model.classes[i] = { real = class, entries = {}, base = model.classes[i - 1] } end
  for _, t in ipairs { traits[1], traits[2], of_classes } do define(model, t, t.name) end
  for i = 1, 3 do new_object(model, pick(model.classes, i)) end
  local told, ok, err = {}, true, nil
  for i, step in ipairs(list) do
    script = step.name
    ok, err = pcall(function()
      operations[step.name](model, step)
      if i % 10 == 0 or i == #list then check_all(model) else check_object(model, pick(model.objects, step[4])) end
    end)
    told[i] = script
    if not ok then break end
  end
  local cleared, why = pcall(clear, model)
  if ok and not cleared then ok, err = false, why end
  if not ok then return tostring(err), told end
end

local function sequence(seed)
  local random, list = property.generator(seed), {}
  for i = 1, steps do
    list[i] = { name = order[random(#order)], random(999), random(999), random(999), random(999) }
  end
  return list
end

function sequences.run(first_seed, rounds)
  for seed = first_seed, first_seed + rounds - 1 do
    local list = sequence(seed)
    if run(list) then
      list = property.shrink(list, run)
      local err, told = run(list)
      error(("MOLT_SEED=%d MOLT_ROUNDS=1: %s\n  %s"):format(seed, err, table.concat(told, "\n  ")), 0)
    end
  end
end

return sequences
