-- Tombstones of methods that the new build does not declare, while its fields change, too.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses
local folder = os.tmpname() .. ".d/"

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

local ANSWER = "double answer(double load)"
local LISTS = {
  first = "FIELD(double, level, 1) METHOD(double, answer, (double load)) METHOD(double, slow, ())",
  bare = "FIELD(int8_t, mark, 3) FIELD(double, level, 1) METHOD(double, slow, ())",
  wider = "FIELD(double, wide, 9) FIELD(int8_t, mark, 3) FIELD(double, level, 1) METHOD(double, slow, ())",
  other = "FIELD(int8_t, mark, 3) FIELD(double, level, 1) METHOD(double, slow, ()) METHOD(int64_t, answer, (float load))",
}

local source = [[
#include <molt/native.h>
#define LIST(FIELD, METHOD) %s
MOLT_TRAIT(%s, LIST)
%s
static double slow(%s *self) { return %s; }
MOLT_MODULE(%s, "1.0.0") { MOLT_IMPL(%s, .slow = slow %s); return MOLT_OK; }
]]

-- Builds the module with one of the lists; `slow` has the value of `result`.
local function build(name, list, result, answer)
  local trait = "T_" .. name
  local file = assert(io.open(folder .. name .. ".c", "w"))
  file:write(source:format(LISTS[list], trait, answer and answer:gsub("SELF", trait .. " *self") or "", trait, result or "self->level",
    name, trait, answer and ", .answer = answer" or ""))
  file:close()
  assert(os.execute(("'%s/molt' build '%s%s.c' >/dev/null 2>&1"):format(helper.source_dir, folder, name)) == 0, "cannot build")
end

local answers = "static double answer(SELF, double load) { return self->level * 2 + load; }"

local function new_module(kind)
  local name = fresh(kind)
  build(name, "first", nil, answers)
  local module = assert(molt.load(folder .. name))
  local trait = "T_" .. name
  return name, module, molt.class(fresh "Class", { module[trait] }), molt.find(trait)
end

local function gone(name, since)
  return ("%s.T_%s:answer was %s and is gone since generation %d"):format(name, name, ANSWER, since)
end

local function raises(message, ...)
  local ok, err = pcall(...)
  assert.same({ false, message, "missing" }, { ok, err.message, err.code })
end

describe("a method in use that a build with other fields declares no longer", function()
  it("is refused, and with tombstones raises, while its objects come along", function()
    local name, module, Class, Trait = new_module "grave"
    local o, rock = Class { level = 4 }, molt.class(fresh "Rock", {})()
    molt.attach(rock, module["T_" .. name], { level = 7 })
    local view, kept = molt.as(o, Trait), o.answer
    local function loop()
      local sum = 0
      for _ = 1, 300 do sum = sum + o:answer(1) end
      return sum
    end
    assert.equal(2700, loop())
    build(name, "bare")
    local report, err = module:reload()
    assert.is_nil(report)
    assert.same({ "in_use", 1, "with tombstones such methods raise an error from then on" }, { err.code, #err.reasons, err.hint })
    assert.same({ 2700, nil, 9 }, { loop(), o.mark, view:answer(1) })
    report = assert(module:reload { tombstones = true })
    assert.same({ { "T_" .. name .. ".answer" }, 2 }, { report.methods.tombstones, report.instances })
    raises(gone(name, 2), loop)
    raises(gone(name, 2), kept, o, 1)
    raises(gone(name, 2), function() return view:answer(1) end)
    raises(gone(name, 2), function() return rock:answer(1) end)
    raises(gone(name, 2), function() return Class():answer(1) end)
    assert.same({ 4, 7, 3, 4, 3 }, { o.level, rock:slow(), o.mark, view:slow(), view.mark })
    assert.equal(name .. ", gone since generation 2", molt.methods(o).answer.where)
  end)

  it("stays so over other layouts, until a build declares it again", function()
    local name, module, Class = new_module "long"
    local o = Class { level = 4 }
    build(name, "bare")
    assert(module:reload { tombstones = true })
    build(name, "wider")
    assert(module:reload())
    raises(gone(name, 2), o.answer, o, 1)
    assert.same({ 9, 3, 4 }, { o.wide, o.mark, o:slow() })
    build(name, "first", nil, answers)
    assert.same({ "T_" .. name .. ".answer" }, assert(module:reload()).methods.added)
    assert.same({ 9, 4, nil }, { o:answer(1), o:slow(), o.wide })
  end)

  it("is back after a rollback, with the fields", function()
    local name, module, Class = new_module "back"
    local o = Class { level = 4 }
    build(name, "bare")
    assert(module:reload { tombstones = true })
    o.level = 5
    assert(module:rollback())
    assert.same({ 11, 5, nil }, { o:answer(1), o:slow(), o.mark })
  end)

  it("may be filled by Lua, and patched", function()
    local name, module, Class = new_module "lua"
    local o = Class { level = 4 }
    local patch = molt.around(o, "answer", function(next, self, load) return next(self, load) + 1 end)
    build(name, "bare")
    assert(module:reload { tombstones = true })
    raises(gone(name, 2), o.answer, o, 1)
    function Class:answer(load) return self.mark + load end
    assert.equal(5, o:answer(1))
    patch:remove()
    assert.equal(4, o:answer(1))
    Class.answer = nil
    raises(gone(name, 2), o.answer, o, 1)
  end)

  it("raises what C met under the new signature, when C returns", function()
    local name, module, Class = new_module "other"
    local o = Class { level = 4 }
    build(name, "other", "(double)molt_call(self, answer, 2.0f) + 0.5",
      "static int64_t answer(SELF, float load) { return (int64_t)(self->level + (double)load); }")
    local report = assert(module:reload { tombstones = true })
    assert.same({ "T_" .. name .. ".answer" }, report.methods.tombstones)
    refuses(function() o:slow() end, gone(name, 2))
    raises(gone(name, 2), o.answer, o, 1)
    molt.destroy(o)
    molt.drop(Class, molt.find("T_" .. name))
    assert.same({ "T_" .. name .. ".answer" }, assert(module:rollback()).methods.added)
  end)
end)
