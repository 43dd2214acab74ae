-- No stale call: whoever calls a method, and however it was changed, the next call is
-- the new one, and no write is lost. Every change by every caller.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh, iterate = helper.fresh, next
local folder = os.tmpname() .. ".d/"

local source = [[
#include <molt/native.h>
#define LIST(FIELD, METHOD)                                                        \
    EXTRA FIELD(double, level, 1) FIELD(double, count, 0)                          \
    METHOD(double, answer, ())    /* leaf */                                       \
    METHOD(double, through, ())   /* answer, by a handle */                        \
    METHOD(void, pause, ())       /* Lua's */                                      \
    METHOD(double, wait, ())      /* answer, by a handle, after a pause */
MOLT_TRAIT(Stale, LIST)
static double answer(Stale *self) { return self->level * ANSWER; }
static double through(Stale *self) { self->count += 1; return molt_call(self, answer); }
static double wait(Stale *self)
{
    self->count += 1;
    molt_call(self, pause);
    return molt_call(molt_as(molt_object_of(self), Stale), answer);
}
MOLT_MODULE(stale, "1.0.0")
{
    MOLT_IMPL(Stale, .through = through, .wait = wait);
    MOLT_IMPL_LEAF_NAMED(Answer, Stale, .answer = answer);
    return MOLT_OK;
}
]]

-- Rounds of a loop, to compile it before the change.
local hot = helper.stress and 20 or 300

local function execute(command)
  assert(os.execute(("{ %s; } >/dev/null 2>&1"):format(command)) == 0, command)
end

-- The build of the module that is on disk answers `number`.
local function put(number)
  execute(("cp '%s%d.so' '%sstale.new' && mv '%sstale.new' '%sstale.so'"):format(folder, number, folder, folder, folder))
end

local module, Stale

setup(function()
  dir.makepath(folder)
  for number, extra in iterate, { [10] = "", [20] = "", [25] = "FIELD(float, wider, 2)" } do
    local file = assert(io.open(("%sstale.c"):format(folder), "w"))
    file:write((source:gsub("ANSWER", number):gsub("EXTRA", extra)))
    file:close()
    execute(("'%s/molt' build '%sstale.c' && mv '%sstale.so' '%s%d.so'"):format(helper.source_dir, folder, folder, folder,
      number))
  end
  put(10)
  module = assert(molt.load(folder .. "stale"))
  Stale = molt.find "Stale"
end)

teardown(function() dir.rmtree(folder) end)

local function answering(number)
  return function() return number end
end

-- A class whose `answer` is native, and one object of it. Bound while it is.
local function new_scene()
  local name = fresh "StaleClass"
  local class = molt.class(name, { Stale })
  molt.use(class, module.Stale)
  molt.use(class, module.Answer)
  function class:pause() if self.paused then self.paused() end end
  function class:stroll()
    coroutine.yield()
    self.count = self.count + 1
    return self:answer()
  end
  local o = class()
  return { name = name, class = class, o = o, bound = o.answer }
end

-- Under a native method it is put off, and the earlier generation serves on until the tick.
local function reload_wider(s, inside, answer)
  put(25)
  s.later = function()
    if inside then molt.tick() end
    assert.equal(2, s.o.wider)
    return answer
  end
  local before, report = s.o:answer(), assert(module:reload())
  if not inside then return s.later() end
  assert.is_true(report.deferred)
  return before
end

-- Each: before(scene) -> the answer before; change(scene) -> the answer after.
-- `waits`: a change of layout waits until native methods have returned.
local changes = {
  ["override of the class"] = {
    change = function(s) molt.override(s.class, "answer", answering(30)) return 30 end,
  },
  ["override of the object"] = {
    change = function(s) molt.override(s.o, "answer", answering(30)) return 30 end,
  },
  ["around of the class"] = {
    change = function(s) molt.around(s.class, "answer", function(next, self) return next(self) + 1 end) return 11 end,
  },
  ["around of the object"] = {
    change = function(s) molt.around(s.o, "answer", function(next, self) return next(self) + 1 end) return 11 end,
  },
  ["patch of the class removed"] = {
    before = function(s) s.patch = molt.override(s.class, "answer", answering(30)) return 30 end,
    change = function(s) s.patch:remove() return 10 end,
  },
  ["patch of the object removed"] = {
    before = function(s) s.patch = molt.override(s.o, "answer", answering(30)) return 30 end,
    change = function(s) s.patch:remove() return 10 end,
  },
  ["around removed"] = {
    before = function(s)
      s.patch = molt.around(s.class, "answer", function(next, self) return next(self) + 1 end)
      return 11
    end,
    change = function(s) s.patch:remove() return 10 end,
  },
  ["fill under an around"] = {
    before = function(s)
      molt.around(s.o, "answer", function(next, self) return next(self) + 1 end)
      return 11
    end,
    change = function(s) s.class.answer = answering(30) return 31 end,
  },
  ["attach"] = {
    change = function(s) molt.attach(s.o, molt.impl(Stale, { answer = answering(30) })) return 30 end,
  },
  ["attach of another trait"] = {
    change = function(s)
      molt.attach(s.o, molt.trait(fresh "StaleOther", { "double other = 1", answer = answering(30) }))
      return 30
    end,
  },
  ["detach"] = {
    before = function(s) molt.attach(s.o, molt.impl(Stale, { answer = answering(30) })) return 30 end,
    change = function(s) molt.detach(s.o, Stale) return 10 end,
  },
  ["detach of another trait"] = {
    before = function(s)
      s.other = molt.trait(fresh "StaleOther", { "double other = 1", answer = answering(30) })
      molt.attach(s.o, s.other)
      return 30
    end,
    change = function(s) molt.detach(s.o, s.other) return 10 end,
  },
  ["trait edited"] = {
    before = function(s)
      Stale.answer = answering(40)
      molt.drop(s.class, module.Answer)
      return 40
    end,
    change = function() Stale.answer = answering(50) return 50 end,
  },
  ["attached trait edited"] = {
    before = function(s)
      s.other = molt.trait(fresh "StaleOther", { answer = answering(30) })
      molt.attach(s.o, s.other)
      return 30
    end,
    change = function(s) s.other.answer = answering(50) return 50 end,
  },
  ["module reloaded"] = {
    change = function() put(20) assert(module:reload()) return 20 end,
    after = function() put(10) assert(module:reload()) end,
  },
  ["module reloaded under an around"] = {
    before = function(s)
      molt.around(s.class, "answer", function(next, self) return next(self) + 1 end)
      return 11
    end,
    change = function() put(20) assert(module:reload()) return 21 end,
    after = function() put(10) assert(module:reload()) end,
  },
  ["module reloaded with another layout"] = {
    waits = true,
    change = function(s, inside) return reload_wider(s, inside, 25) end,
    after = function() put(10) assert(module:reload()) end,
  },
  ["module reloaded with another layout, under an around"] = {
    waits = true,
    before = function(s)
      molt.around(s.o, "answer", function(next, self) return next(self) + 1 end)
      return 11
    end,
    change = function(s, inside) return reload_wider(s, inside, 26) end,
    after = function() put(10) assert(module:reload()) end,
  },
  ["implementation used"] = {
    change = function(s) molt.use(s.class, molt.impl(Stale, { answer = answering(30) })) return 30 end,
  },
  ["implementation dropped"] = {
    before = function(s)
      s.impl = molt.impl(Stale, { answer = answering(30) })
      molt.use(s.class, s.impl)
      return 30
    end,
    change = function(s) molt.drop(s.class, s.impl) return 10 end,
  },
  ["trait used, another layout"] = {
    waits = true,
    change = function(s)
      local Extra = molt.trait(fresh "StaleExtra", { "double extra = 1", "double answer()" })
      molt.use(s.class, molt.impl(Extra, { answer = answering(30) }))
      return 30
    end,
  },
  ["trait dropped, another layout"] = {
    waits = true,
    before = function(s)
      s.extra = molt.trait(fresh "StaleExtra", { "double extra = 1", "double answer()" })
      molt.use(s.class, molt.impl(s.extra, { answer = answering(30) }))
      return 30
    end,
    change = function(s) molt.drop(s.class, s.extra) return 10 end,
  },
  ["class redefined, another layout"] = {
    waits = true,
    change = function(s)
      local Extra = molt.trait(fresh "StaleExtra", { "double extra = 1", "string note" })
      molt.class(s.name, { Extra, Stale, answer = answering(30) })
      return 30
    end,
  },
  ["attached trait redefined, another layout"] = {
    waits = true,
    before = function(s)
      s.extra = fresh "StaleExtra"
      molt.attach(s.o, molt.trait(s.extra, { "double extra = 1", answer = answering(30) }))
      return 30
    end,
    change = function(s)
      molt.trait(s.extra, { "string note", "double more = 2", "double extra = 1", answer = answering(50) })
      return 50
    end,
  },
  ["become, another layout"] = {
    waits = true,
    before = function(s)
      local Extra = molt.trait(fresh "StaleExtra", { "double extra = 1" })
      s.other = molt.class(fresh "StaleOther", { Extra, Stale, answer = answering(30) })
      molt.use(s.other, module.Stale)
      s.other.pause, s.other.stroll = s.class.pause, s.class.stroll
      return 10
    end,
    change = function(s) molt.become(s.o, s.other) return 30 end,
  },
}

local function interpret(fn)
  if jit.status() then jit.off(fn) end
  return fn
end

-- Each makes calls before and after the change; returns the last answer before,
-- the first after, and how many writes to `count` it made.
local callers = {}

callers["the interpreter"] = interpret(function(s, change)
  local before = s.o:answer()
  s.o.count = s.o.count + 1
  local expected = change(s)
  s.o.count = s.o.count + 1
  return before, s.o:answer(), 2, expected
end)

callers["a compiled trace"] = function(s, change)
  local o, before, after, expected = s.o, nil, nil, nil
  for i = 1, hot do
    if i == hot / 2 then expected = change(s) end
    local now = o:answer()
    o.count = o.count + 1
    if i < hot / 2 then before = now elseif i == hot / 2 then after = now elseif now ~= after then error "not the same" end
  end
  return before, after, hot, expected
end

callers["C, by a handle"] = function(s, change)
  local before = s.o:through()
  local expected = change(s)
  return before, s.o:through(), 2, expected
end

callers["a bound native method"] = function(s, change)
  local bound, o, before, after, expected = s.bound, s.o, nil, nil, nil
  for i = 1, hot do
    if i == hot / 2 then expected = change(s) end
    local now = bound(o)
    if i < hot / 2 then before = now elseif i == hot / 2 then after = now elseif now ~= after then error "not the same" end
  end
  return before, after, 0, expected
end

callers["a Lua method that was suspended"] = function(s, change)
  local before = s.o:answer()
  local run = coroutine.wrap(s.o.stroll)
  run(s.o)
  local expected = change(s)
  return before, run(), 1, expected
end

callers["a native method on the stack"] = function(s, change, waits)
  local before, expected = s.o:answer(), nil
  s.o.paused = function() expected = change(s, true) end
  local inside = s.o:wait()
  s.o.paused = nil
  if not waits or s.later then assert.equal(expected, inside) end
  if s.later then expected = s.later() end         -- at the tick
  return before, s.o:answer(), 1, expected
end

describe("no call is stale:", function()
  for name, of in iterate, changes do
    for caller, call in iterate, callers do
      it(name .. ", seen by " .. caller, function()
        local scene = new_scene()
        local was = of.before and of.before(scene) or 10
        local ok, before, after, writes, expected = pcall(call, scene, of.change, of.waits)
        if of.after then of.after() end
        assert(ok, before)
        assert.same({ was, expected, writes }, { before, after, scene.o.count })
      end)
    end
  end
end)
