-- A module is reloaded from wherever Lua runs: done at once, or at the next quiescent
-- point, and the report says which.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh = helper.fresh
local folder = os.tmpname() .. ".d/"

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

-- `answer` is a leaf, `slow` is not, `through` calls `back`, which Lua fills.
local text = [[
#include <molt/native.h>
#define LIST(FIELD, METHOD) FIELD(double, level, 1) METHOD(double, answer, ()) METHOD(double, slow, ()) \
    METHOD(double, through, ()) METHOD(double, back, ())
MOLT_TRAIT(%s, LIST)
static double answer(%s *self) { return self->level * FACTOR; }
static double slow(%s *self) { return molt_call(self, answer) + 0.5; }
static double through(%s *self) { double before = FACTOR * 1000; return before + molt_call(self, back); }
MOLT_MODULE(%s, "1.0.0")
{
    MOLT_IMPL_LEAF(%s, .answer = answer);
    MOLT_IMPL(%s, .slow = slow, .through = through);
    return MOLT_OK;
}
]]

local function read(name)
  local file = assert(io.open(name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

local function write(name, bytes)
  local file = assert(io.open(name, "wb"))
  file:write(bytes)
  file:close()
end

-- A module with two builds: `put(1)` and `put(2)` place them; answers are level times that.
local function prepare()
  local name = fresh "anywhere"
  local trait = "Any_" .. name
  local builds = {}
  for factor = 1, 2 do
    write(folder .. name .. ".c",
      ("#define FACTOR %d\n"):format(factor) .. text:format(trait, trait, trait, trait, name, trait, trait))
    local command = "'%s/molt' build '%s.c' >'%s.log' 2>&1"
    assert(os.execute(command:format(helper.source_dir, folder .. name, folder .. name)) == 0, read(folder .. name .. ".log"))
    builds[factor] = read(folder .. name .. ".so")
  end
  local function put(factor) write(folder .. name .. ".so", builds[factor]) end
  put(1)
  local module = assert(molt.load(folder .. name))
  local Class = molt.class(fresh "Anywhere", { module[trait] })
  function Class:back() return self.level end
  return module, Class, put, trait
end

local function images_of(module)
  local count = 0
  for _, image in ipairs(molt.images()) do count = count + (image.module == molt.name(module) and 1 or 0) end
  return count
end

describe("a module is reloaded", function()
  it("outside every call: the old image goes at once", function()
    local module, Class, put = prepare()
    local o = Class { level = 3 }
    put(2)
    local report = assert(module:reload())
    assert.same({ false, "unloaded", 2 }, { report.deferred, report.image, report.to })
    assert.equal(6, o:answer())
    assert.equal(1, images_of(module))
  end)

  it("from inside a method of that very module: it returns into its own code", function()
    local module, Class, put = prepare()
    local o, report = Class { level = 3 }, nil
    function Class:back()
      report = assert(module:reload())
      return self:answer()                           -- the new code
    end
    put(2)
    assert.equal(1000 + 6, o:through())
    assert.same({ false, "retired" }, { report.deferred, report.image })
    assert.equal(2, images_of(module))
    molt.tick()
    assert.equal(1, images_of(module))
    assert.equal(2000 + 6, o:through())
  end)

  it("from nested calls, again and again: each frame returns into its own code", function()
    local module, Class, put = prepare()
    local o, depth, seen = Class { level = 1 }, 0, {}
    function Class:back()
      depth = depth + 1
      if depth == 6 then return 0 end
      put(depth % 2 + 1)
      seen[depth] = assert(module:reload()).image
      return self:through()
    end
    -- generation 1 answers 1000, and the five that are entered after it 2000, 1000, …
    assert.equal(1000 + 2000 + 1000 + 2000 + 1000 + 2000, o:through())
    assert.same({ "retired", "retired", "retired", "retired", "retired" }, seen)
    assert.equal(6, images_of(module))
    molt.tick()
    assert.equal(1, images_of(module))
  end)

  it("from a hot compiled loop", function()
    local module, Class, put = prepare()
    local o, factor = Class { level = 3 }, 1
    local wrong = 0
    for i = 1, 20000 do
      if i % 2000 == 0 then
        factor = 3 - factor
        put(factor)
        assert.equal("unloaded", assert(module:reload()).image)
      end
      if o:answer() + o:slow() ~= 6 * factor + 0.5 then wrong = wrong + 1 end
    end
    assert.equal(0, wrong)
    assert.equal(1, images_of(module))
  end)

  it("from a coroutine, and from one that a method's Lua code resumes", function()
    local module, Class, put = prepare()
    local o = Class { level = 3 }
    put(2)
    local report = coroutine.wrap(function()
      coroutine.yield(assert(module:reload()))
    end)()
    assert.equal("unloaded", report.image)
    assert.equal(6, o:answer())
    put(1)
    function Class:back()
      return coroutine.wrap(function()
        report = assert(module:reload())
        return self:answer()
      end)()
    end
    assert.equal(2000 + 3, o:through())
    assert.equal("retired", report.image)
    molt.tick()
    assert.equal(1, images_of(module))
  end)

  it("from a finalizer, wherever the collector runs it", function()
    local module, Class, put = prepare()
    local o, factor, reloads = Class { level = 3 }, 1, 0
    local function drop_one()
      local sentinel = newproxy(true)
      getmetatable(sentinel).__gc = function()
        factor = 3 - factor
        put(factor)
        assert(module:reload())
        reloads = reloads + 1
      end
    end
    helper.collect_always(function()
      for i = 1, 200 do
        if i % 10 == 0 then drop_one() end
        local before, made = reloads, Class { level = i }
        local answer = made:answer() + o:answer() + made:slow()
        -- A finalizer may have come between: then either code answered.
        if before == reloads then assert.equal((2 * i + 3) * factor + 0.5, answer) end
      end
    end)
    collectgarbage()
    assert.is_true(reloads >= 19, tostring(reloads))
    molt.tick()
    assert.equal(1, images_of(module))
    assert.equal(3 * factor, o:answer())
  end)

  it("from hooks and from a constructor", function()
    local module, _, put, trait = prepare()
    local told = {}
    local function reload(factor)
      put(factor)
      told[#told + 1] = assert(module:reload()).image
    end
    local Watched = molt.trait(fresh "Watched", {
      attached = function() reload(2) end,
      detached = function() reload(1) end,
    })
    local Class = molt.class(fresh "Hooked", { module[trait] })
    function Class:back() return self.level end
    function Class:init(level)
      self.level = level
      reload(2)
      reload(1)
    end
    local o = Class(3)
    molt.attach(o, Watched)
    assert.equal(6, o:answer())
    molt.detach(o, Watched)
    assert.equal(3, o:answer())
    assert.same({ "unloaded", "unloaded", "unloaded", "unloaded" }, told)
  end)

  it("from a listener of its own reload", function()
    local module, Class, put = prepare()
    local o, told = Class { level = 3 }, {}
    local handle
    handle = molt.on("reload", function(reloaded, report)
      if reloaded ~= module then return end
      told[#told + 1] = { report.to, report.image }
      if #told > 1 then return end
      put(1)
      assert(module:reload())
    end)
    put(2)
    local report = assert(module:reload())
    handle.remove()
    assert.same({ { 2, "unloaded" }, { 3, "unloaded" } }, told)
    assert.equal(2, report.to)                       -- what it was asked for …
    assert.equal(3, module.generation)               -- … and what came of it
    assert.equal(3, o:answer())
  end)

  it("from an error handler and from inside a protected call that fails", function()
    local module, Class, put = prepare()
    local o = Class { level = 3 }
    put(2)
    local ok, report = xpcall(function() error "boom" end, function() return assert(module:reload()) end)
    assert.is_false(ok)
    assert.equal("unloaded", report.image)
    function Class:back()
      put(1)
      report = assert(module:reload())
      error("later", 0)
    end
    ok = pcall(o.through, o)
    assert.is_false(ok)
    assert.equal("retired", report.image)
    molt.tick()
    assert.equal(1, images_of(module))
    assert.equal(3, o:answer())
  end)

  it("from a module's setup: at the next tick, which tells", function()
    local module, Class, put, trait = prepare()
    local name = fresh "setup"
    local o, report, told = Class { level = 3 }, nil, {}
    function Class:back()
      put(2)
      report = report or assert(module:reload())
      return 0
    end
    write(folder .. name .. ".c", ([[
#include <molt/native.h>
#define LIST(FIELD, METHOD) FIELD(double, level, 1) METHOD(double, answer, ()) METHOD(double, slow, ()) \
    METHOD(double, through, ()) METHOD(double, back, ())
MOLT_TRAIT(%s, LIST)
MOLT_MODULE(%s, "1.0.0")
{
    molt_class *cls = molt_class_find(molt->world, "%s");
    molt_object *object = molt_object_new(molt->world, cls);
    molt_call(molt_as(object, %s), back);
    molt_object_destroy(object);
    return MOLT_OK;
}
]]):format(trait, name, molt.name(Class), trait))
    assert(os.execute(("'%s/molt' build '%s.c' >'%s.log' 2>&1"):format(helper.source_dir, folder .. name, folder .. name)) == 0,
      read(folder .. name .. ".log"))
    assert(molt.load(folder .. name))
    assert.same({ true, "none", 1 }, { report.deferred, report.image, report.to })
    assert.equal(3, o:answer())
    local handle = molt.on("reload", function(reloaded, what) told[#told + 1] = { reloaded == module, what.to, what.deferred } end)
    molt.tick()
    molt.tick()
    handle.remove()
    assert.same({ { true, 2, false } }, told)
    assert.equal(6, o:answer())
  end)

  it("as a rollback from inside a method: at once, and it returns into its own code", function()
    local module, Class, put = prepare()
    local o, report = Class { level = 3 }, nil
    put(2)
    assert(module:reload())
    function Class:back()
      report = assert(module:rollback())
      return self:answer()
    end
    assert.equal(2000 + 3, o:through())
    assert.same({ false, "retired", 3 }, { report.deferred, report.image, report.to })
  end)

  it("as the Lua state closes, as long as the world is open; later the attempt raises", function()
    local module, _, put, trait = prepare()
    put(2)
    local other = read(module.file)
    put(1)
    write(folder .. "other.so", other)
    local output, status = helper.run(([[
      local reload
      older = newproxy(true)                         -- than the world: runs after it has closed
      getmetatable(older).__gc = function() reload "older" end
      local molt = require "molt"
      local file, other = %q, %q
      local module = assert(molt.load(file))
      local Class = molt.class("Last", { module[%q] })
      function reload(who)
        os.execute(("cp %%s %%s"):format(other, file))
        local ok, report, err = pcall(module.reload, module)
        io.write(who, ": ", tostring(ok and report or err or report), "\n")
        io.flush()
      end
      function Class:back() return self.level end
      o = Class { level = 3 }
      younger = newproxy(true)
      getmetatable(younger).__gc = function() reload "younger" end
      io.write(o:answer(), "\n")
    ]]):format(module.file, folder .. "other.so", trait))
    assert.equal(0, status, output)
    assert.truthy(output:find("younger: [^\n]* g1→g2 [^\n]*old image unloaded\n"), output)
    assert.truthy(output:find("older: [^\n]*the world has been closed\n"), output)
  end)
end)
