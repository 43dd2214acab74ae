-- Random acts on objects beside a naive model that says what each must give.
--
-- The model knows a class as a list of fills and a set of traits, an object as
-- plain tables, and a method as a number: definition k answers k * 1000 + x, the
-- native one x + 1. `run` performs acts until one of them, or a look at the
-- objects, shows something else than the model; the error names act and seed.

local molt = require "molt"

local torture = {}

-- ------------------------------------------------------------------ chance

local random                                  -- () -> [0, 1), of the run's seed

local function generator(seed)
  local state = seed % 2147483647
  if state == 0 then state = 1 end
  return function()
    state = state * 16807 % 2147483647        -- Lehmer (Park and Miller, 1988)
    return (state - 1) / 2147483646
  end
end

local function pick(list) return list[math.floor(random() * #list) + 1] end
local function chance(p) return random() < p end
local function whole(low, high) return low + math.floor(random() * (high - low + 1)) end

-- ------------------------------------------------------------------ the world

-- Fields by kind: values that fit, values that do not.
local kinds = {
  double = { function() return whole(-4000, 4000) / 8 end, { "text", true } },
  float = { function() return whole(-400, 400) / 4 end, { "text", 1e39 } },
  int32_t = { function() return whole(-2147483648, 2147483647) end, { 0.5, 2147483648, "1" } },
  bool = { function() return chance(0.5) end, { 1, "true" } },
  uint8_t = { function() return whole(0, 255) end, { -1, 256, 1.5 } },
  int64_t = { function() return whole(-4503599627370496, 4503599627370496) + 0LL end, { 0.5, 2 ^ 63, "1" } },
}

local w                                       -- the world of the run

local function new_definition()
  w.definitions = w.definitions + 1
  local k = w.definitions
  return { k = k, fn = function(_, x) return k * 1000 + x end }
end

local NATIVE = { native = true }

local function new_trait(name, fields, methods, proxy)
  local t = { name = name, fields = fields, methods = methods, own = {} }
  if not proxy then
    local lines = {}
    for _, f in ipairs(fields) do lines[#lines + 1] = ("%s %s = %s"):format(f.kind, f.name, tostring(f.initial)) end
    for _, m in ipairs(methods) do lines[#lines + 1] = ("double %s(double x)"):format(m) end
    proxy = molt.trait(name, lines)
  end
  t.proxy = proxy
  for _, m in ipairs(methods) do
    t.own[m] = new_definition()
    proxy[m] = t.own[m].fn
  end
  w.traits[#w.traits + 1] = t
  return t
end

local function field(kind, name, initial) return { kind = kind, name = name, initial = initial } end

local function has_own(class, t)
  for _, own in ipairs(class.traits) do
    if own == t then return true end
  end
  return false
end

local function has(class, t)
  return class ~= nil and (has_own(class, t) or has(class.base, t))
end

local function new_class(name, traits, base)
  local proxies = { extends = base and base.proxy }
  for _, t in ipairs(traits) do proxies[#proxies + 1] = t.proxy end
  local class = { name = name, traits = traits, base = base, fills = {}, proxy = molt.class(name, proxies) }
  w.classes[#w.classes + 1] = class
  return class
end

-- `native` is tests/natives/border: Probe with a classic and a leaf implementation.
local function new_world(prefix, native)
  w = { prefix = prefix, traits = {}, classes = {}, impls = {}, objects = {}, definitions = 0, acts = 0, lost = {} }
  w.probe = new_trait("Probe", { field("double", "count", 0), field("bool", "stopped", false) },
    { "answer", "down", "told" }, molt.find "Probe")
  for _, open in ipairs { "relay", "twice", "up", "by_name", "keep", "let_go", "finish", "notify" } do
    w.probe.proxy[open] = function() return 0 end
  end
  local a = new_trait(prefix .. "A", { field("double", "x", 1), field("int32_t", "n", 2) }, { "get" })
  local b = new_trait(prefix .. "B", { field("float", "f", 0.5), field("uint8_t", "u", 7) }, { "sum", "mean" })
  local c = new_trait(prefix .. "C", {}, { "plain" })
  local d = new_trait(prefix .. "D", { field("int64_t", "wide", 5), field("bool", "on", true) }, { "deep" })
  w.optional = { b, c, d }
  local k1 = new_class(prefix .. "K1", { w.probe, a })
  local k2 = new_class(prefix .. "K2", { a, w.probe, b })
  new_class(prefix .. "K3", { d }, k1)
  new_class(prefix .. "K4", { w.probe }, nil)
  new_class(prefix .. "K5", { c }, k2)
  -- Makes calls in C on others' behalf; none of its own.
  w.caller = molt.class(prefix .. "Caller", { w.probe.proxy })
  molt.use(w.caller, native.Classic)
  w.leaf_caller = molt.class(prefix .. "LeafCaller", { w.probe.proxy })
  molt.use(w.leaf_caller, native.Leaf)
  w.natives = {
    { trait = w.probe, proxy = native.Classic, own = { answer = NATIVE }, values = {} },
    { trait = w.probe, proxy = native.Leaf, own = { answer = NATIVE }, values = {} },
  }
  for _, impl in ipairs(w.natives) do w.impls[#w.impls + 1] = impl end
  for _, t in ipairs { a, b, c, d } do
    local impl = { trait = t, own = {}, values = {}, proxy = molt.impl(t.proxy) }
    for _, m in ipairs(t.methods) do
      if chance(0.7) then
        impl.own[m] = new_definition()
        impl.proxy[m] = impl.own[m].fn
      end
    end
    for _, f in ipairs(t.fields) do
      if chance(0.5) then
        impl.values[f.name] = kinds[f.kind][1]()
        impl.proxy[f.name] = impl.values[f.name]
      end
    end
    w.impls[#w.impls + 1] = impl
  end
  return w
end

-- ------------------------------------------------------------------ the model

-- Calls visit(trait) for each trait of the object.
local function present(m, t)
  return has(m.class, t) or m.attached[t] ~= nil
end

local function resolve_class(class, name)
  for i = #class.fills, 1, -1 do
    local fill = class.fills[i]
    if fill.name == name then return fill.definition end
    if fill.impl and fill.impl.own[name] then return fill.impl.own[name] end
  end
  for _, t in ipairs(class.traits) do
    if t.own[name] then return t.own[name] end
  end
  return class.base and resolve_class(class.base, name)
end

-- Below patches. A fill answers for its name whether or not a trait declares it.
local function resolve_method(m, t, name)
  local attached = m.attached[t]
  if attached and attached.own and attached.own[name] then return attached.own[name] end
  if attached and not has(m.class, t) then return t.own[name] end
  return resolve_class(m.class, name)
end

local function resolve(m, t, name)
  local patches = m.patches[name]
  if patches and #patches > 0 then return patches[#patches].definition end
  return resolve_method(m, t, name)
end

local function answer_of(m, t, definition, x)
  if definition.native then
    m.values.count = m.values.count + 1
    return x + 1
  end
  assert(t)
  return definition.k * 1000 + x
end

local function class_values(class, t, values)
  if class.base then class_values(class.base, t, values) end
  for _, fill in ipairs(class.fills) do
    if fill.impl and fill.impl.trait == t then
      for name, v in next, fill.impl.values do values[name] = v end
    end
  end
end

-- What a block of the trait starts with in the object.
local function start_values(m, t)
  local values = {}
  for _, f in ipairs(t.fields) do values[f.name] = f.initial end
  class_values(m.class, t, values)
  if m.attached[t] and m.attached[t].values then
    for name, v in next, m.attached[t].values do values[name] = v end
  end
  for name, v in next, values do m.values[name] = v end
end

local function clear_values(m, t)
  for _, f in ipairs(t.fields) do m.values[f.name] = nil end
end

local function new_model(class, o)
  local m = { class = class, o = o, values = {}, attached = {}, patches = {}, views = {}, raw = {}, retains = 0 }
  for _, t in ipairs(w.traits) do
    if has(class, t) then start_values(m, t) end
  end
  w.objects[#w.objects + 1] = m
  return m
end

local function remove_model(m)
  for i, other in ipairs(w.objects) do
    if other == m then
      table.remove(w.objects, i)
      return
    end
  end
end

-- The trait goes from the object, or has come: its values and its views follow.
local function lost_trait(m, t)
  clear_values(m, t)
  m.stale = m.stale or {}
  if m.views[t] then m.stale[#m.stale + 1] = m.views[t] end
  m.views[t] = nil
end

-- ------------------------------------------------------------------ looking

local function fault(text, ...) error(text:format(...), 0) end

local function same(what, expected, got)
  if expected ~= got then fault("%s is %s, expected %s", what, tostring(got), tostring(expected)) end
end

local function must_fail(code, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then fault("no error was raised, expected '%s'", code) end
  if type(err) ~= "table" or not (("|" .. code .. "|"):find("|" .. tostring(err.code) .. "|", 1, true)) then
    fault("expected an error '%s', got %s", code, tostring(err))
  end
end

local function look_at_fields(m, t)
  for _, f in ipairs(t.fields) do
    local expected = m.values[f.name]
    if present(m, t) and expected == nil then fault("the model has no %s", f.name) end
    same(f.name, expected, m.o[f.name])
    local v = m.views[t]
    if v then same("view." .. f.name, expected, v[f.name]) end
  end
end

local function look_at_methods(m, t)
  for _, name in ipairs(t.methods) do
    local definition = resolve(m, t, name)
    if definition then
      local x = whole(0, 999)
      same(name, answer_of(m, t, definition, x), m.o[name](m.o, x))
      local v = m.views[t]
      if v then same("view:" .. name, answer_of(m, t, definition, x), v[name](v, x)) end
    else
      same(name, nil, m.o[name])
    end
  end
end

local function look_at(m)
  same("alive", true, molt.alive(m.o))
  same("class", m.class.proxy, molt.class_of(m.o))
  for _, t in ipairs(w.traits) do
    same("is " .. t.name, present(m, t), molt.is(m.o, t.proxy))
    look_at_fields(m, t)
    look_at_methods(m, t)
  end
  for name, v in next, m.raw do same(name, v, rawget(m.o, name)) end
  for _, v in ipairs(m.stale or {}) do
    same("alive of a stale view", false, molt.alive(v))
    must_fail("stale", function() return v.count end)
  end
end

local function look_at_all()
  for _, m in ipairs(w.objects) do
    if m.o then look_at(m) end
  end
end

-- C calls the method, classic and leaf: what it gets, or is refused.
local function look_from_c(m)
  if not present(m, w.probe) then return end
  local definition = resolve(m, w.probe, "answer")
  local id = m.id()
  w.c.friend, w.leaf_c.friend = id, id
  same("answer in C", answer_of(m, w.probe, definition, 5), w.c:relay(5))
  -- A leaf call that must not reach Lua is refused; unless a finalizer came between
  -- and it was made the classic way. Where a raw nil is in the place of a patch, the
  -- slot must look at the table, and that takes Lua, too.
  local native = definition.native and not (m.patches.answer and #m.patches.answer > 0)
  local ok, r = pcall(w.leaf_c.relay, w.leaf_c, 6)
  if ok then
    same("answer in a leaf call", answer_of(m, w.probe, definition, 6), r)
  elseif type(r) ~= "table" or r.code ~= "leaf" or (native and not m.cleared) then
    fault("a leaf call gave %s", tostring(r))
  end
end

-- ------------------------------------------------------------------ the acts

local acts = {}

local function some()
  if #w.objects == 0 then return nil end
  local m = pick(w.objects)
  return m.o and m or nil
end

local core = require "molt.core"
local function id_of(o) return (select(2, core.object_info(o))) end

local function adopt_model(m)
  local id = id_of(m.o)
  m.id = function() return id end
  return m
end

function acts.create()
  if #w.objects > w.most then return acts.destroy() end
  local class = pick(w.classes)
  local m = new_model(class, nil)
  if chance(0.5) then
    m.o = class.proxy()
  else
    local fields = {}
    for _, t in ipairs(w.traits) do
      for _, f in ipairs(t.fields) do
        if m.values[f.name] ~= nil and chance(0.4) then
          fields[f.name] = kinds[f.kind][1]()
          m.values[f.name] = fields[f.name]
        end
      end
    end
    m.o = class.proxy(fields)
  end
  adopt_model(m)
end

function acts.litter()
  for _ = 1, whole(1, 40) do
    local o = pick(w.classes).proxy()
    if chance(0.3) then molt.as(o, pick(w.traits).proxy) end
    if chance(0.2) and not molt.is(o, w.optional[1].proxy) then molt.attach(o, w.optional[1].proxy) end
    if chance(0.2) and molt.is(o, w.probe.proxy) then molt.override(o, "answer", function() return o end) end
    if chance(0.1) then molt.destroy(o) end
  end
end

-- The script lets go of it; it must go, unless native code holds it.
function acts.lose()
  local m = some()
  if not m then return end
  if m.retains == 0 then
    w.lost[#w.lost + 1] = setmetatable({ m.o }, { __mode = "v" })
    remove_model(m)
  elseif chance(0.3) then
    -- Native code has it: found again by its id, all as it was.
    local id, weak = m.id(), setmetatable({ m.o }, { __mode = "v" })
    m.o, m.views, m.stale = nil, {}, nil
    collectgarbage()
    m.o = core.object_at(id)
    if not m.o then fault("a retained object was collected") end
    if weak[1] ~= m.o then fault("a retained object has another table") end
  end
end

local function end_views(m)
  local past = {}
  for _, v in next, m.views do past[#past + 1] = v end
  for _, v in ipairs(m.stale or {}) do past[#past + 1] = v end
  return past
end

local function look_at_the_dead(o, views)
  same("alive of a destroyed object", false, molt.alive(o))
  must_fail("destroyed", function() return o.count end)
  must_fail("destroyed", function() o.count = 1 end)
  must_fail("destroyed", molt.attach, o, w.optional[1].proxy)
  for _, v in ipairs(views) do
    same("alive of a view of a destroyed object", false, molt.alive(v))
    must_fail("stale", function() return v.count end)
  end
  w.dead[whole(1, 50)] = o
end

function acts.destroy()
  local m = some()
  if not m then return end
  local o, views = m.o, end_views(m)
  local how = whole(1, 3)
  if how == 1 then w.c:finish(m.id())
  elseif how == 2 then w.leaf_c:finish(m.id())
  else molt.destroy(o) end
  remove_model(m)
  look_at_the_dead(o, views)
end

function acts.destroy_inside_a_call()
  local m = some()
  if not m or not present(m, w.probe) then return end
  local o, views = m.o, end_views(m)
  local patch = molt.override(w.caller, "told", function()
    molt.destroy(o)
    acts.litter()
    look_at_the_dead(o, views)
  end)
  w.c:notify(0)
  patch:remove()
  remove_model(m)
end

function acts.write()
  local m = some()
  if not m then return end
  local t = pick(w.traits)
  if #t.fields == 0 or not present(m, t) then return end
  local f = pick(t.fields)
  local target = m.views[t] and chance(0.5) and m.views[t] or m.o
  if chance(0.8) then
    local v = kinds[f.kind][1]()
    target[f.name] = v
    m.values[f.name] = v
  else
    must_fail("type|range", function() target[f.name] = pick(kinds[f.kind][2]) end)
  end
end

function acts.write_raw()
  local m = some()
  if not m then return end
  local name, v = pick { "note", "extra", "z" }, chance(0.7) and { random() } or nil
  m.o[name] = v
  m.raw[name] = v
end

function acts.view()
  local m = some()
  if not m then return end
  local t = pick(w.traits)
  local v = molt.as(m.o, t.proxy)
  same("a view", present(m, t), v ~= nil)
  if m.views[t] then same("the same view", m.views[t], v) end
  m.views[t] = v
  if v then same("object of a view", m.o, molt.object(v)) end
  if chance(0.3) then m.views[t] = nil end
end

function acts.attach()
  local m = some()
  if not m then return end
  local t = pick(w.optional)
  local impl
  if chance(0.5) then
    for _, candidate in ipairs(w.impls) do
      if candidate.trait == t then impl = candidate end
    end
  end
  local what = (impl or t).proxy
  if m.attached[t] ~= nil or (not impl and has(m.class, t)) then
    must_fail("state", molt.attach, m.o, what)
    return
  end
  local fields = chance(0.3) and {} or nil
  local had = present(m, t)
  m.attached[t] = impl or {}
  if not had then start_values(m, t) end
  if fields and not had then
    for _, f in ipairs(t.fields) do
      fields[f.name] = kinds[f.kind][1]()
      m.values[f.name] = fields[f.name]
    end
  end
  molt.attach(m.o, what, fields)
end

-- Patches end where nothing is left that has their method.
local function lapse(m)
  for _, t in ipairs(w.traits) do
    for _, name in ipairs(t.methods) do
      if m.patches[name] and not resolve_method(m, t, name) then m.patches[name] = nil end
    end
  end
end

function acts.detach()
  local m = some()
  if not m then return end
  local t = pick(w.traits)
  if m.attached[t] == nil then
    must_fail("in_use|unknown", molt.detach, m.o, t.proxy)
    return
  end
  molt.detach(m.o, t.proxy)
  m.attached[t] = nil
  if not present(m, t) then lost_trait(m, t) end
  lapse(m)
end

local function some_method()
  local t = pick(w.traits)
  return t, pick(t.methods)
end

function acts.override()
  local m = some()
  if not m then return end
  local t, name = some_method()
  local definition = new_definition()
  local stack = m.patches[name] or {}
  if not resolve_method(m, t, name) then
    must_fail("unknown", molt.override, m.o, name, definition.fn)
    return
  end
  m.patches[name] = stack
  stack[#stack + 1] = { definition = definition, patch = molt.override(m.o, name, definition.fn) }
end

function acts.unpatch()
  local m = some()
  if not m then return end
  local _, name = some_method()
  local stack = m.patches[name]
  if not stack or #stack == 0 then return end
  if chance(0.3) then
    same("restore", #stack, molt.restore(m.o, name))
    m.patches[name] = nil
  elseif chance(0.2) then
    rawset(m.o, name, nil)
    m.patches[name] = nil
    m.cleared = true
  else
    same("patch:remove", true, table.remove(stack, whole(1, #stack)).patch:remove())
  end
end

function acts.fill()
  local class = pick(w.classes)
  local t, name = some_method()
  if not has(class, t) then return end
  local fill = { name = name, definition = new_definition() }
  if chance(0.5) then
    class.proxy[name] = fill.definition.fn
    for i, other in ipairs(class.fills) do
      if other.defined and other.name == name then
        table.remove(class.fills, i)
        break
      end
    end
    fill.defined = true
  else
    fill.patch = molt.override(class.proxy, name, fill.definition.fn)
  end
  class.fills[#class.fills + 1] = fill
end

function acts.unfill()
  local class = pick(w.classes)
  if #class.fills == 0 then return end
  local at = whole(1, #class.fills)
  local fill = class.fills[at]
  if fill.patch then
    same("remove", true, fill.patch:remove())
    same("remove again", false, fill.patch:remove())
  elseif fill.defined then
    class.proxy[fill.name] = nil
  else
    -- drop takes the latest use of the implementation away
    for i, other in ipairs(class.fills) do
      if other.impl == fill.impl then at = i end
    end
    molt.drop(class.proxy, fill.impl.proxy)
  end
  table.remove(class.fills, at)
end

-- The class has a trait from now on: so have its objects and those of its extensions.
local function for_family(class, fn)
  for _, m in ipairs(w.objects) do
    local c = m.class
    while c and c ~= class do c = c.base end
    if c then fn(m) end
  end
end

function acts.use_impl()
  local class, impl = pick(w.classes), pick(w.impls)
  local t = impl.trait
  if not has(class, t) then return end
  molt.use(class.proxy, impl.proxy)
  class.fills[#class.fills + 1] = { impl = impl }
end

local function use_trait(class, t)
  local before = {}
  for_family(class, function(m) before[m] = present(m, t) end)
  class.traits[#class.traits + 1] = t
  for_family(class, function(m)
    if not before[m] then start_values(m, t) end
  end)
end

function acts.use()
  local class, t = pick(w.classes), pick(w.optional)
  if has(class, t) then
    must_fail("state", molt.use, class.proxy, t.proxy)
    return
  end
  molt.use(class.proxy, t.proxy)
  use_trait(class, t)
end

-- Implementations of a trait that a class lost fill it no longer.
local function forget_idle(class)
  for i = #class.fills, 1, -1 do
    local impl = class.fills[i].impl
    if impl and not has(class, impl.trait) then table.remove(class.fills, i) end
  end
  for _, other in ipairs(w.classes) do
    if other.base == class then forget_idle(other) end
  end
end

function acts.drop()
  local class, t = pick(w.classes), pick(w.optional)
  if not has_own(class, t) then
    must_fail("unknown", molt.drop, class.proxy, t.proxy)
    return
  end
  molt.drop(class.proxy, t.proxy)
  for i, own in ipairs(class.traits) do
    if own == t then table.remove(class.traits, i) end
  end
  forget_idle(class)
  for_family(class, function(m)
    if not present(m, t) then
      lost_trait(m, t)
      lapse(m)
    end
  end)
end

function acts.clone()
  local m = some()
  if not m or #w.objects > w.most then return end
  local copy = new_model(m.class, molt.clone(m.o))
  for t, impl in next, m.attached do copy.attached[t] = impl end
  copy.values = {}
  for name, v in next, m.values do copy.values[name] = v end
  for name, v in next, m.raw do copy.raw[name] = v end
  for name, stack in next, m.patches do
    if #stack > 0 then
      copy.patches[name] = {}
      -- Without patches of its own to remove: they are restored as a whole.
      for i, entry in ipairs(stack) do copy.patches[name][i] = { definition = entry.definition, patch = false } end
    end
  end
  adopt_model(copy)
  look_at(copy)
  for _, t in ipairs(w.traits) do
    for _, name in ipairs(t.methods) do
      if resolve_method(copy, t, name) then molt.restore(copy.o, name) else rawset(copy.o, name, nil) end
    end
  end
  copy.patches = {}
  look_at(copy)
end

function acts.retain()
  local m = some()
  if not m then return end
  local c = chance(0.5) and w.c or w.leaf_c
  if m.retains > 0 and chance(0.6) then
    c:let_go(m.id())
    m.retains = m.retains - 1
  else
    c:keep(m.id())
    m.retains = m.retains + 1
  end
end

-- Every object once, in order of creation; while some end and others begin.
function acts.each()
  local expected, seen, made = {}, {}, {}
  for _, m in ipairs(w.objects) do expected[m.o] = m end
  local class = chance(0.5) and pick(w.classes) or nil
  local step, state
  if class then step, state = molt.each(class.proxy) else step, state = molt.each() end
  for o in step, state do
    if seen[o] then fault("each visits %s twice", tostring(o)) end
    if made[o] then fault("each visits what was made meanwhile") end
    seen[o] = true
    if chance(0.05) then
      local other = pick(w.classes).proxy()
      made[other] = true
    end
    if chance(0.05) then
      collectgarbage(chance(0.5) and "step" or "collect")
      molt.tick()
    end
    if chance(0.03) then
      local m = expected[o]
      if m and m ~= w.c and m.retains == 0 then
        expected[o] = nil
        molt.destroy(o)
        remove_model(m)
      end
    end
    if chance(0.02) then break end
    if chance(0.01) then return acts.each() end
  end
end

function acts.each_whole()
  local seen = {}
  for o in molt.each() do
    if seen[o] then fault("each visits %s twice", tostring(o)) end
    seen[o] = true
  end
  for _, m in ipairs(w.objects) do
    if not seen[m.o] then fault("each misses %s", tostring(m.o)) end
  end
end

-- Long enough that LuaJIT compiles it, with changes in between.
function acts.hot_loop()
  local m = some()
  if not m then return end
  local t, name = some_method()
  if not present(m, t) then return end
  local f = t.fields[1]
  local sum, expected = 0, 0
  local o, at = m.o, whole(30, 90)
  for i = 1, 120 do
    if i == at then acts.fill() end
    if i == at + 5 and chance(0.3) then acts.override() end
    expected = expected + answer_of(m, t, resolve(m, t, name), i)
    sum = sum + o[name](o, i)
    if f and f.kind ~= "bool" and f.kind ~= "int64_t" then
      expected = expected + m.values[f.name]
      sum = sum + o[f.name]
    end
  end
  same("the sum of a loop", expected, sum)
end

-- One loop over many shapes.
function acts.hot_each()
  local list, expected = {}, 0
  for _, m in ipairs(w.objects) do
    if present(m, w.probe) then
      list[#list + 1] = m.o
    end
  end
  local sum = 0
  for i = 1, 60 do
    for _, m in ipairs(w.objects) do
      if present(m, w.probe) then expected = expected + answer_of(m, w.probe, resolve(m, w.probe, "answer"), i) end
    end
    for j = 1, #list do sum = sum + list[j]:answer(i) end
  end
  same("the sum over all", expected, sum)
end

function acts.from_c()
  local m = some()
  if m then look_from_c(m) end
end

function acts.collect()
  collectgarbage(pick { "collect", "step", "step" }, whole(0, 200))
end

function acts.tick()
  molt.tick()
end

-- Everything that was lost is gone after a collection and a tick.
function acts.settle()
  jit.flush()                                 -- traces hold what upvalues had
  collectgarbage()
  collectgarbage()
  molt.tick()
  for _, weak in ipairs(w.lost) do
    if weak[1] then fault("%s was not collected", tostring(weak[1])) end
  end
  w.lost = {}
  acts.each_whole()
end

function acts.in_a_coroutine()
  local act = acts[pick(w.names)]
  local co = coroutine.create(function()
    if chance(0.5) then coroutine.yield() end
    act()
  end)
  local ok, err = coroutine.resume(co)
  if ok and coroutine.status(co) == "suspended" then ok, err = coroutine.resume(co) end
  if not ok then error(err, 0) end
end

-- A finalizer may run wherever something is allocated, in the middle of anything.
-- It has objects of its own, of classes that all share.
function acts.finalizer()
  local p = newproxy(true)
  local class, t = pick(w.classes).proxy, pick(w.optional)
  local keep = chance(0.5) and class() or nil
  getmetatable(p).__gc = function()
    w.finalized = w.finalized + 1
    local ok, err = pcall(function()
      local o = keep or class()
      if not molt.is(o, t.proxy) then
        molt.attach(o, t.proxy)
        same("is in a finalizer", true, molt.is(o, t.proxy))
        local v = molt.as(o, t.proxy)
        molt.override(o, t.methods[1], function() return -1 end)
        same("answer in a finalizer", -1, v[t.methods[1]](v, 1))
        molt.detach(o, t.proxy)
        same("alive in a finalizer", false, molt.alive(v))
      end
      w.leaf_c:keep(id_of(o))
      w.c:let_go(id_of(o))
      if w.finalized % 3 == 0 then molt.destroy(o) end
      if w.finalized % 7 == 0 then molt.tick() end
    end)
    -- Within a call no quiescent point is passed.
    if not ok and not (type(err) == "table" and err.code == "state") then w.finalizer_error = err end
  end
end

function acts.misuse()
  local m = some()
  if not m then return end
  must_fail("argument|type", molt.attach, m.o, 5)
  must_fail("argument|type", molt.attach, {}, w.optional[1].proxy)
  local other = pick(w.classes).proxy()
  -- Another's body, or none at all, in [0]: refused, and put right again.
  local b = rawget(m.o, 0)
  rawset(m.o, 0, chance(0.5) and rawget(other, 0) or pick { false, "text" })
  same("alive with another's body", false, molt.alive(m.o))
  must_fail("body", molt.destroy, m.o)
  must_fail("body", function() m.o.count = 1; m.o.x = 1; m.o.f = 1 end)
  rawset(m.o, 0, b)
end

local weights = {
  create = 14, litter = 4, lose = 6, destroy = 5, destroy_inside_a_call = 1, write = 20, write_raw = 4, view = 10,
  attach = 12, detach = 8, override = 8, unpatch = 8, fill = 6, unfill = 6, use_impl = 4, use = 1, drop = 1,
  clone = 2, retain = 6, each = 1, each_whole = 1, hot_loop = 2, hot_each = 0.3, from_c = 12, collect = 2, tick = 3,
  settle = 0.5, misuse = 2, in_a_coroutine = 6, finalizer = 3,
}

local function names_by_weight()
  local names = {}
  for name in next, weights do names[#names + 1] = name end
  table.sort(names)
  local list = {}
  for _, name in ipairs(names) do
    for _ = 1, weights[name] * 10 do list[#list + 1] = name end
  end
  return list
end

-- ------------------------------------------------------------------ the run

-- options: seed, rounds; native (the module); prefix of names; most objects at
-- a time; trace (prints the acts). Returns how many acts there were.
function torture.run(options)
  random = generator(options.seed)
  new_world(options.prefix or "Torture", options.native)
  w.most = options.most or 40
  w.dead, w.finalized = {}, 0
  w.c, w.leaf_c = w.caller(), w.leaf_caller()
  w.names = names_by_weight()
  for round = 1, options.rounds do
    local name = pick(w.names)
    if options.trace then io.stderr:write(("%d %s\n"):format(round, name)) end
    local ok, err = pcall(acts[name])
    if ok and round % 10 == 0 then
      local m = some()
      if m then ok, err = pcall(look_at, m) end
    end
    if ok and round % 200 == 0 then ok, err = pcall(look_at_all) end
    if ok and w.finalizer_error then ok, err = false, w.finalizer_error end
    if not ok then
      error(("seed %d, round %d, %s: %s"):format(options.seed, round, name, tostring(err)), 0)
    end
  end
  look_at_all()
  acts.settle()
  return options.rounds
end

-- Takes away what the run made of the world, as far as one can.
function torture.clear()
  if not w then return end
  for o in molt.each() do
    for _, class in ipairs(w.classes) do
      if molt.is(o, class.proxy) then
        molt.destroy(o)
        break
      end
    end
  end
  w = nil
end

return torture
