-- What becomes of a native module: reload with its report, rollback, unload, several together.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh, refuses, hear = helper.fresh, helper.refuses, helper.hear

local folder = os.tmpname() .. ".d/"

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

local function execute(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo $?"))
  local output = pipe:read("*a")
  pipe:close()
  assert(output:match("%f[%d]0%s*$"), output)
end

local function build(name, text)
  local file = assert(io.open(folder .. name .. ".c", "w"))
  file:write("#include <molt/native.h>\n", text)
  file:close()
  execute(("cd '%s' && cc -std=gnu17 -O1 -fPIC -fvisibility=hidden -shared -Wl,--build-id -I'%s/core/include' "
    .. "%s.c -o %s.new && mv %s.new %s.so"):format(folder, helper.source_dir, name, name, name, name))
  return folder .. name
end

local LIST = "FIELD(double, level, 1) METHOD(double, answer, (double load)) METHOD(double, slow, ())"

-- A module whose trait answers `answer`; `body` instead of what it provides.
local function answering(name, answer, body, list)
  return build(name, (([[
#define LIST(FIELD, METHOD) %LIST
MOLT_TRAIT(T_%NAME, LIST)
__attribute__((unused)) static double answer(T_%NAME *self, double load) { return self->level * %ANSWER + load; }
__attribute__((unused)) static double slow(T_%NAME *self) { return molt_call(self, answer, 0.0) + 0.5; }
MOLT_MODULE(%NAME, "1.%ANSWER.0") { %BODY return MOLT_OK; }
]]):gsub("%%(%u+)", {
    LIST = list or LIST, NAME = name, ANSWER = tostring(answer),
    BODY = body or ("MOLT_IMPL(T_%s, .slow = slow); MOLT_IMPL_LEAF(T_%s, .answer = answer);"):format(name, name),
  })))
end

local function only_slow(name)
  return ("MOLT_IMPL(T_%s, .slow = slow);"):format(name)
end

local function with_class(name)
  local module = assert(molt.load(answering(name, 1)))
  local Class = molt.class(fresh "Class", { module["T_" .. name] })
  return module, Class
end

describe("the report of a reload", function()
  it("tells what was kept, added and dropped, and how long each phase took", function()
    local name = fresh "told"
    local module, Class = with_class(name)
    local o = Class()
    answering(name, 2, only_slow(name) .. ("MOLT_IMPL_LEAF(T_%s, .answer = answer); "):format(name)
      .. ("MOLT_IMPL_NAMED(Other, T_%s, .slow = slow);"):format(name))
    local report = assert(module:reload())
    assert.same({ true, 1, 2, 2, name }, { report.accepted, report.from, report.to, report.generation, report.module })
    assert.same({ kept = { "T_" .. name .. ".answer", "T_" .. name .. ".slow" }, changed = {}, added = { "Other.slow" },
      dropped = {}, tombstones = {} }, report.methods)
    assert.same({ "T_" .. name }, report.traits.kept)
    assert.equal(40, #report.build_id)
    assert.same({ 1, 0, "unloaded", false, false },
      { report.objects, report.instances, report.image, report.deferred, report.unchanged })
    for _, phase in ipairs { "stage", "inspect", "open", "handshake", "plan", "prepare", "commit", "retire" } do
      assert.is_true(report.phases[phase] > 0 and report.phases[phase] < report.seconds, phase)
    end
    assert.equal(2, o:answer(0))
  end)

  it("prints as one line", function()
    local name = fresh "line"
    local module, Class = with_class(name)
    local keep = {}
    for i = 1, 1204 do keep[i] = Class() end
    answering(name, 2)
    assert.equal(1204, #keep)
    assert.matches("^" .. name .. " g1→g2  1,204 objects  %d slots changed  %d+%.%d ms  old image %l+$",
      tostring(module:reload()))
    assert.equal(name .. " g2  unchanged", tostring(module:reload()))
  end)
end)

describe("options of a reload", function()
  it("are known by their names", function()
    local module = with_class(fresh "options")
    refuses(function() module:reload { tombstone = true } end, "'reload' has no option 'tombstone'",
      "did you mean 'tombstones'?")
    refuses(function() module:rollback { probes = true } end, "'rollback' has no option 'probes'", "did you mean 'probe'?")
    refuses(function() module:unload { dettach = true } end, "'unload' has no option 'dettach'", "did you mean 'detach'?")
    refuses(function() molt.reload({ module }, { prob = true }) end, "'reload' has no option 'prob'", "did you mean 'probe'?")
  end)

  it("have types", function()
    local module = with_class(fresh "typed")
    refuses(function() module:reload(5) end, "bad argument #1 to 'reload' (table of options expected, got number)")
    refuses(function() module:reload { 5 } end, "the options of 'reload' have names, got the key 1")
    refuses(function() module:reload { tombstones = 1 } end, "option 'tombstones' of 'reload' is a boolean, got number")
    refuses(function() module:reload { timeout = 0 } end, "option 'timeout' of 'reload' is a number of seconds above 0, got 0")
    refuses(function() module:reload { timeout = 0 / 0 } end,
      ("option 'timeout' of 'reload' is a number of seconds above 0, got %s"):format(tostring(0 / 0)))
    refuses(function() module.reload({}) end, "bad argument #1 to 'reload' (module expected, got table)")
  end)
end)

describe("a refused reload", function()
  it("lists every reason with code, message and hint", function()
    local name = fresh "reasons"
    local module, Class = with_class(name)
    local o = Class()
    answering(name, 2, " ")
    local report, err = module:reload()
    assert.is_nil(report)
    assert.equal(2, #err.reasons)
    for i, method in ipairs { "answer(double load)", "slow()" } do
      assert.equal("in_use", err.reasons[i].code)
      local short = method:match("^%a+")
      assert.equal(("%s.T_%s:%s was 'double %s' and is gone; it is used by class %s (1 object)"):format(name, name, short,
        method, molt.name(Class)), err.reasons[i].message)
      assert.equal("with tombstones such methods raise an error from then on", err.reasons[i].hint)
      assert.is_truthy(err.message:find(err.reasons[i].message, 1, true))
    end
    assert.same({ 1, 1.5 }, { o:answer(0), o:slow() })
  end)

  it("has one reason where there is one", function()
    local name = fresh "one"
    local module = with_class(name)
    os.remove(folder .. name .. ".so")
    local _, err = module:reload()
    assert.equal(1, #err.reasons)
    assert.equal("file", err.reasons[1].code)
    assert.equal(err.message, err.reasons[1].message)
    local none, missing = molt.load(folder .. "nowhere")
    assert.is_nil(none)
    assert.equal(missing.message, missing.reasons[1].message)
  end)

  it("does not tell reasons of an earlier one", function()
    local name = fresh "earlier"
    local module, Class = with_class(name)
    Class()
    answering(name, 2, " ")
    assert.equal(2, #select(2, module:reload()).reasons)
    local _, err = module:rollback()
    assert.same({ { code = "state", message = err.message, hint = err.hint } }, err.reasons)
  end)

  it("is told to listeners", function()
    local name = fresh "heard"
    local module = with_class(name)
    local refused, one = hear "refused"
    local done, two = hear "reload"
    build(name, ('MOLT_MODULE(%s, "2") { return molt_fail(molt, "not today"); }'):format(name))
    local _, err = module:reload()
    answering(name, 3)
    local report = assert(module:reload())
    one.remove()
    two.remove()
    assert.same({ { module, err } }, refused)
    assert.equal(1, #done)
    assert.equal(report, done[1][2])
  end)
end)

describe("what was put on top of native methods", function()
  it("is still on top after a reload, and lies on the new ones", function()
    local name = fresh "top"
    local module, Class = with_class(name)
    local a, b, c = Class(), Class(), Class()
    molt.around(Class, "answer", function(next, self, load) return next(self, load) * 100 end)
    molt.override(a, "answer", function() return -1 end)
    molt.after(b, "slow", function(self) self.called = true end)
    function Class:slow() return -2 end
    answering(name, 2)
    assert(module:reload())
    assert.same({ -1, 200, -2, -2 }, { a:answer(0), c:answer(0), b:slow(), c:slow() })
    assert.is_true(b.called)
    Class.slow = nil
    molt.restore(a)
    assert.equal(200, a:answer(0))
    molt.restore(Class)
    assert.same({ 2, 2, 2.5, 2.5 }, { a:answer(0), c:answer(0), b:slow(), c:slow() })
  end)

  it("on an object leads back to the new native method", function()
    local name = fresh "back"
    local module, Class = with_class(name)
    local o = Class()
    o.slow = function() return 0 end
    answering(name, 7)
    assert(module:reload())
    assert.equal(0, o:slow())
    molt.restore(o, "slow")
    assert.equal(7.5, o:slow())
  end)
end)

describe("a tombstone", function()
  local function gone(name, since)
    return ("%s.T_%s:answer was double answer(double load) and is gone since generation %d"):format(name, name, since)
  end

  it("raises where Lua calls it, also in code compiled before, until the method is back", function()
    local name = fresh "grave"
    local module, Class = with_class(name)
    local o = Class()
    local function loop()
      local sum = 0
      for _ = 1, 300 do sum = sum + o:answer(1) end
      return sum
    end
    assert.equal(600, loop())
    local kept = o.answer
    answering(name, 2, only_slow(name))
    local report = assert(module:reload { tombstones = true })
    assert.same({ "T_" .. name .. ".answer" }, report.methods.tombstones)
    for _, call in ipairs { loop, function() return kept(o, 1) end, function() return o:answer(1) end,
      function() return molt.as(o, molt.find("T_" .. name)):answer(1) end } do
      local ok, err = pcall(call)
      assert.same({ false, gone(name, 2), "missing" }, { ok, err.message, err.code })
    end
    assert.matches("gone since generation 2$", molt.methods(o).answer.where)
    answering(name, 3)
    assert(module:reload())
    assert.equal(1200, loop())
  end)

  it("raises what C met, when C returns", function()
    local name = fresh "crypt"
    local module, Class = with_class(name)
    local o = Class()
    answering(name, 2, only_slow(name))
    assert(module:reload { tombstones = true })
    refuses(function() o:slow() end, gone(name, 2))
    function Class:answer() return 9 end             -- what Lua puts over it answers
    assert.equal(9.5, o:slow())
    Class.answer = nil
    refuses(function() o:slow() end, gone(name, 2))
  end)

  it("lies beneath patches", function()
    local name = fresh "under"
    local module, Class = with_class(name)
    local o = Class()
    local patch = molt.around(o, "answer", function(next, self, load) return next(self, load) + 1 end)
    answering(name, 2, only_slow(name))
    assert(module:reload { tombstones = true })
    local ok, err = pcall(function() return o:answer(1) end)
    assert.is_false(ok)
    assert.equal(gone(name, 2), err.message)
    patch:remove()
    refuses(function() o:answer(1) end, gone(name, 2))
  end)

  it("is no use of its own: dropping the class's last user sweeps it", function()
    local name = fresh "swept"
    local module, Class = with_class(name)
    answering(name, 2, only_slow(name))
    assert(module:reload { tombstones = true })
    function Class:answer() return 1 end
    answering(name, 3, only_slow(name))
    assert.same({ "T_" .. name .. ".answer" }, assert(module:reload()).methods.dropped)
  end)
end)

describe("module:rollback", function()
  it("brings the code back that served before, with a report, and keeps state", function()
    local name = fresh "undo"
    local module, Class = with_class(name)
    local o = Class { level = 4 }
    answering(name, 2)
    assert(module:reload())
    o.level = 5
    local told, handle = hear "rollback"
    local report = assert(module:rollback())
    handle.remove()
    assert.equal(5, o:answer(0))
    assert.same({ 2, 3, 1 }, { report.from, report.to, report.restored })
    assert.matches("^" .. name .. " g2→g3 %(g1 again%)  1 object  ", tostring(report))
    assert.equal(report, told[1][2])
    assert.equal("1.1.0", module.version)
  end)

  it("with nothing to go back to says so", function()
    local name = fresh "far"
    local module = with_class(name)
    local report, err = module:rollback()
    assert.is_nil(report)
    assert.equal(("module '%s', generation 1, has no generation to go back to"):format(name), err.message)
    assert.equal("state", err.code)
  end)
end)

describe("module:unload", function()
  it("is refused with what uses the module", function()
    local name = fresh "held"
    local module, Class = with_class(name)
    local a, b = Class(), Class()
    local Plain = molt.class(fresh "Plain", {})
    local c = Plain()
    molt.attach(c, module["T_" .. name])
    local ok, err = module:unload()
    assert.is_nil(ok)
    assert.equal(("%s.T_%s is used by class %s (2 objects), 1 object of %s"):format(name, name, molt.name(Class),
      molt.name(Plain)), err.reasons[1].message)
    assert.equal("in_use", err.code)
    assert.same({ 1, 1, 1 }, { a:answer(0), b:answer(0), c:answer(0) })
  end)

  it("takes a module away that nobody uses, and what is left of it raises", function()
    local name = fresh "away"
    local module = assert(molt.load(answering(name, 1)))
    local impl = module["T_" .. name]
    local told, handle = hear "unload"
    assert.is_true(module:unload())
    handle.remove()
    assert.equal(module, told[1][1])
    assert.is_true(module.unloaded)
    assert.equal(("module %s 1.1.0, unloaded"):format(name), tostring(module))
    local message = ("implementation 'T_%s' is of module '%s', which has been unloaded"):format(name, name)
    refuses(function() return module["T_" .. name] end, message)
    refuses(function() molt.class(fresh "Class", { impl }) end, message)
    refuses(function() molt.attach(molt.class(fresh "Class", {})(), impl) end, message)
    for _, verb in ipairs { "reload", "rollback" } do
      local report, err = module[verb](module)
      assert.is_nil(report)
      assert.equal(("module '%s' has been unloaded"):format(name), err.message)
    end
    assert.equal(("module '%s' has been unloaded already"):format(name), select(2, module:unload()).message)
  end)

  it("detaches and drops first when asked, hooks included", function()
    local name = fresh "leave"
    local module, Class = with_class(name)
    local Plain = molt.class(fresh "Plain", {})
    local a, c = Class { level = 3 }, Plain()
    local trait = molt.find("T_" .. name)
    local left = {}
    function trait:detached() left[#left + 1] = molt.name(self) end
    molt.attach(c, module["T_" .. name])
    local names = { molt.name(c), molt.name(a) }
    assert.is_true(module:unload { detach = true })
    assert.same(names, left)
    assert.is_false(molt.is(a, trait) or molt.is(c, trait))
    assert.is_true(molt.alive(a) and molt.alive(c))
    molt.tick()
  end)

  it("detaches nothing when one object cannot lose its trait", function()
    local name = fresh "bound"
    local module = assert(molt.load(answering(name, 1)))
    local trait = molt.find("T_" .. name)
    local Needs = molt.trait(fresh "Needs", { requires = { trait } })
    local Plain = molt.class(fresh "Plain", {})
    local a, b = Plain(), Plain()
    molt.attach(a, module["T_" .. name])
    molt.attach(b, { module["T_" .. name], Needs })
    local ok, err = module:unload { detach = true }
    assert.is_nil(ok)
    assert.matches("requires T_" .. name, err.message)
    assert.equal(1, #err.reasons)
    assert.is_true(molt.is(a, trait) and molt.is(b, trait))
    assert.same({ 1, 1 }, { a:answer(0), b:answer(0) })
    molt.detach(b, Needs)
    assert.is_true(module:unload { detach = true })
  end)

  it("is refused for a module that was loaded to be kept, before anything is detached", function()
    local name = fresh "kept"
    local module = assert(molt.load { answering(name, 1), keep = true })
    local o = molt.class(fresh "Class", { module["T_" .. name] })()
    local told, handle = hear "refused"
    local ok, err = module:unload { detach = true }
    handle.remove()
    assert.is_nil(ok)
    assert.same({ "state", ("module '%s' was loaded to be kept and cannot be unloaded"):format(name), 1, err.message },
      { err.code, err.message, #err.reasons, err.reasons[1].message })
    assert.matches("load it without 'keep'", err.hint)
    assert.equal(err, told[1][2])
    assert.same({ 1, false }, { o:answer(0), module.unloaded })
  end)

  it("lets it be loaded again, as the same module", function()
    local name = fresh "again"
    local module = assert(molt.load(answering(name, 1)))
    local impl = module["T_" .. name]
    assert(module:unload())
    molt.tick()
    local told, handle = hear "load"
    answering(name, 2)
    assert.equal(module, assert(molt.load(folder .. name)))
    assert.equal(module, assert(molt.load(folder .. name)))
    handle.remove()
    assert.same({ { module } }, told)
    assert.equal(impl, module["T_" .. name])
    assert.equal(2, module.generation)
    assert.equal(2, molt.class(fresh "Class", { impl })():answer(0))
  end)
end)

describe("molt.reload", function()
  it("reloads several together", function()
    local one, two = fresh "one", fresh "two"
    local a, A = with_class(one)
    local b, B = with_class(two)
    local x, y = A(), B()
    answering(one, 2)
    answering(two, 3)
    local told, handle = hear "reload"
    local reports = assert(molt.reload { a, b })
    handle.remove()
    assert.same({ one, two }, { reports[1].module, reports[2].module })
    assert.same({ 2, 3 }, { x:answer(0), y:answer(0) })
    assert.same({ { a, reports[1] }, { b, reports[2] } }, told)
    assert.is_true(assert(molt.reload(a))[1].unchanged)
  end)

  it("changes none when one is refused, and names the reasons of all", function()
    local one, two = fresh "one", fresh "two"
    local a, A = with_class(one)
    local b = with_class(two)
    local x = A()
    answering(one, 2)
    build(two, ('MOLT_MODULE(%s, "2") { return molt_fail(molt, "stuck"); }'):format(two))
    local reports, err = molt.reload { a, b }
    assert.is_nil(reports)
    assert.equal(two .. ": stuck", err.reasons[1].message)
    assert.same({ 1, 1, 1 }, { x:answer(0), a.generation, b.generation })
  end)

  it("refuses what is no list of modules", function()
    local name = fresh "listed"
    local a = with_class(name)
    refuses(function() molt.reload(5) end, "bad argument #1 to 'reload' (module or list of modules expected, got number)")
    local hint = 'a module is what molt.load("game.lua") returns; a Lua file is run again by dofile: what it declares changes then'
    refuses(function() molt.reload { "game.lua", a } end,
      "bad argument #1 to 'reload' (list of modules expected, got string)", hint)
    refuses(function() molt.reload "game.lua" end,
      "bad argument #1 to 'reload' (module or list of modules expected, got string)", hint)
    refuses(function() molt.reload { a, 5 } end, "bad argument #1 to 'reload' (list of modules expected, got number)")
    refuses(function() molt.reload { a, molt.trait(fresh "Trait", {}) } end,
      "bad argument #1 to 'reload' (list of modules expected, got trait)")
    refuses(function() molt.reload { a, a } end, ("module '%s' is listed twice"):format(name))
    refuses(function() molt.reload { a, b = a } end, "'reload' takes a list of modules, got the key b")
    assert.same({}, molt.reload {})
  end)
end)

describe("reloading while reports are read", function()
  -- A finalizer at any allocation may reload: reports and reasons are whole all the same.
  it("is safe from finalizers", function()
    local name = fresh "finalized"
    local module, Class = with_class(name)
    Class()
    local files = {}
    for answer = 2, 3 do
      answering(name, answer)
      local file = assert(io.open(folder .. name .. ".so", "rb"))
      files[answer - 1] = file:read "*a"
      file:close()
    end
    local function put(text)
      local file = assert(io.open(folder .. name .. ".so", "wb"))
      file:write(text)
      file:close()
    end
    local done = 0
    local function arm()
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = function()
        done = done + 1
        if done < 40 then arm() end
        module:reload()
      end
    end
    arm()
    helper.collect_always(function()
      for i = 1, 12 do
        put(files[i % 2 + 1])
        local report, err = module:reload()
        if report then
          assert(report.text:find(name, 1, true) and #report.methods.kept == (report.unchanged and 0 or 2))
        else
          assert(err.reasons[1].message == err.message)
        end
      end
    end)
    molt.tick()
    assert.is_true(done > 0)
  end)
end)

describe("molt.counters", function()
  it("tells what native modules hold", function()
    molt.tick()
    local before = molt.counters()
    local module = assert(molt.load(answering(fresh "counted", 1)))
    local loaded = molt.counters()
    assert.same({ 1, 1, 1, 1 }, { loaded.modules - before.modules, loaded.generations - before.generations,
      loaded.images - before.images, loaded.copies - before.copies })
    assert.is_true(loaded.mappings > before.mappings)
    assert(module:unload())
    molt.tick()
    local after = molt.counters()
    assert.same({ before.generations, before.images, before.mappings, before.copies },
      { after.generations, after.images, after.mappings, after.copies })
  end)
end)
