-- Threads of a native module (tests/natives/crew.c) call a method of an object
-- without pause, while Lua changes the object, its class, its module.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"
local core = require "molt.core"

local crew = assert(molt.load(helper.build_dir .. "/tests/natives/crew"))
local boss = molt.class(helper.fresh("Boss"), { crew.Crew })()
local times = helper.stress and 30 or 300

local function id_of(object)
  return (select(2, core.object_info(object)))
end

-- A class and an object whose method `tell` the threads call: tell(2) is 42.
local function new_told(impl)
  local Told = molt.class(helper.fresh("Told"), { molt.find "Teller" })
  molt.use(Told, impl or crew.Teller)
  return Told, Told()
end

-- Ticks until a counter of the crew is past what it was: a thread had its turn.
local function await(counter)
  local before, deadline = boss[counter](boss), os.time() + 30
  while boss[counter](boss) <= before do
    assert(os.time() < deadline, counter .. " does not grow")
    molt.tick()
  end
end

-- Runs `change(i)` again and again while threads call the object.
local function beside(object, change)
  boss:start(id_of(object))
  await "answers"
  for i = 1, times do
    change(i)
    if i % 3 == 0 then molt.tick() end
  end
end

local function finish()
  boss:stop()
  assert.equal(0, boss:wrong())
  molt.tick()
end

describe("threads beside Lua", function()
  after_each(function() boss:stop() end)

  it("see a whole body whatever traits its class gains and loses", function()
    local Told, told = new_told()
    local Lamp = molt.trait(helper.fresh("Lamp"), { "double light = 3", "int32_t bulbs = 2" })
    beside(told, function(i)
      if i % 2 == 1 then molt.use(Told, Lamp) else molt.drop(Told, Lamp) end
    end)
    await "answers"
    finish()
    assert.equal(0, boss:ended())
    assert.equal(0, boss:refused())
  end)

  it("see a whole object whatever is attached to it, and what the collector takes", function()
    local Told, told = new_told()
    local Lamp = molt.trait(helper.fresh("Lamp"), { "double light = 3" })
    beside(told, function(i)
      if i % 2 == 1 then molt.attach(told, Lamp, { light = i }) else molt.detach(told, Lamp) end
      for _ = 1, 10 do Told { base = 7 } end
      if i % 10 == 0 then collectgarbage() end
    end)
    await "answers"
    finish()
    assert.equal(0, boss:ended())
  end)

  it("find nothing, and never something else, once the object has ended", function()
    local Told, told = new_told()
    beside(told, function(i)
      if i == 10 then molt.destroy(told) end
      Told { base = 7 }
    end)
    await "ended"
    finish()
  end)

  it("get the answer of one generation of a module that is reloaded", function()
    local folder = os.tmpname() .. ".d/"
    dir.makepath(folder)
    local text = [[
#include <molt/native.h>
#define TELLER(FIELD, METHOD) FIELD(double, base, 40) METHOD(double, tell, (double x))
MOLT_TRAIT(Teller, TELLER)
static volatile double own = %d;
static double tell(Teller *self, double x) { return self->base == 40 && own == %d ? 40 + x : own; }
MOLT_MODULE(teller, "1.0.0") { MOLT_IMPL(Teller, .tell = tell); return MOLT_OK; }
]]
    for generation = 1, 2 do
      local file = assert(io.open(("%steller%d.c"):format(folder, generation), "w"))
      file:write((text:format(generation, generation)))
      file:close()
      local line = "'%s/molt' build '%steller%d.c' -o '%steller%d.so' >&2"
      assert(os.execute(line:format(helper.source_dir, folder, generation, folder, generation)) == 0)
    end
    local function offer(generation)
      assert(os.execute(("cp '%steller%d.so' '%steller.so'"):format(folder, generation, folder)) == 0)
    end
    offer(1)
    local teller = assert(molt.load(folder .. "teller"))
    local _, told = new_told(teller.Teller)
    boss:start(id_of(told))
    for i = 1, helper.stress and 10 or 40 do
      offer(i % 2 + 1)
      assert(teller:reload())
      molt.tick()
      await "answers"
    end
    finish()
    assert.equal(0, boss:ended())
    dir.rmtree(folder)
  end)
end)

-- Functions that only read what does not change, or are for any thread; the rest belong to the owner.
local for_any_thread = {
  "class_name", "config_default", "err_name", "error_pending", "error_take", "former_get", "id_object",
  "image_fate_name", "impl_trait", "last_code", "last_error", "last_hint", "last_reasons", "log", "module_counters",
  "module_file", "module_generation", "module_image_at", "module_images", "module_impl_at", "module_keep", "module_name",
  "module_probe", "module_probes", "module_reserved", "module_unloaded", "module_version", "object_alive", "object_as",
  "object_as_text", "object_class", "object_id", "object_is", "object_ref", "object_world", "ref_object", "reload_text",
  "thread_offline", "thread_online", "thread_quiescent", "thread_register", "thread_unregister", "trait_name",
  "world_live", "world_open",
}

local function read_all(folder, mask)
  local text = {}
  for _, name in ipairs(dir.getfiles(helper.source_dir .. folder, mask)) do
    local file = assert(io.open(name))
    text[#text + 1] = file:read("*a")
    file:close()
  end
  return table.concat(text, "\n")
end

describe("the public functions of the core", function()
  it("look at the calling thread, unless they are for any", function()
    local headers, sources = read_all("/core/include/molt", "*.h"), read_all("/core/src", "*.c")
    local free, count = {}, 0
    for _, name in ipairs(for_any_thread) do free["molt_" .. name] = true end
    for declaration in headers:gmatch("MOLT_API ([^;(]*)%(") do
      local name = declaration:match("(molt_[%w_]+)$")
      if name and not free[name] then
        local body = sources:match("\n[%w_ %*]-" .. name .. "%([^;{]*%)\n(%b{})")
        assert(body and body:find("molt__threads_check", 1, true), name)
        count = count + 1
      end
    end
    assert.is_true(count > 25, count)
  end)
end)

local program = [[
local molt = require "molt"
local crew = assert(molt.load "crew")
local Told = molt.class("Told", { crew.Crew, crew.Teller })
local told = Told()
local id = select(2, require("molt.core").object_info(told))
]]

describe("a program with threads", function()
  it("is told by the log that one called a method which Lua fills", function()
    local output, status = helper.run(program .. [[
      function Told:tell() return 1 end
      told:start(id)
      while told:refused() == 0 do end
      told:stop()
      molt.tick()
      Told.tell = nil
      told:start(id)
      while told:answers() == 0 do end
      told:stop()
      molt.tick()
      print("wrong", told:wrong())
    ]])
    assert.equal(0, status, output)
    assert.truthy(output:find("molt: thread 'hand': method 'Teller.tell' is filled by Lua and was called from a thread "
      .. "that does not own the world", 1, true), output)
    assert.truthy(output:find("wrong\t0", 1, true), output)
  end)

  it("ends without harm while they run, and says so", function()
    local output, status = helper.run(program .. "told:start(id) while told:answers() == 0 do end")
    assert.equal(0, status, output)
    assert.truthy(output:find("molt: the world cannot be closed: threads 'hand', 'hand' are registered with it", 1, true),
      output)
  end)

  it("ends in peace where the module stops them before it is unloaded", function()
    local output, status = helper.run(program .. "told:start(id) while told:answers() == 0 do end told:trust()")
    assert.equal(0, status, output)
    assert.equal("", output)
  end)
end)
