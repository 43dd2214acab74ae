-- Native modules: loading, reloading, and files that are none.

local dir = require "pl.dir"
local helper = require "helper"
local molt = require "molt"

local fresh, refuses = helper.fresh, helper.refuses

local natives = helper.build_dir .. "/natives/"
local tests = helper.build_dir .. "/tests/natives/"
local folder = os.tmpname() .. ".d/"

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

local function write(name, text)
  local file = assert(io.open(folder .. name, "wb"))
  file:write(text)
  file:close()
  return folder .. name
end

local function read(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function execute(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo $?"))
  local output = pipe:read("*a")
  pipe:close()
  assert(output:match("%f[%d]0%s*$"), output)
end

-- Builds folder/name.so from C text as a user would, by `molt build`.
local function build(name, text)
  local file = write(name .. ".c", "#include <molt/native.h>\n" .. text)
  execute(("'%s/molt' build '%s'"):format(helper.source_dir, file))
  return folder .. name
end

-- The same by hand, whatever it is.
local function compile(name, arguments)
  execute(("cc -std=gnu17 -fPIC -shared -Wl,--build-id -o '%s%s.so' %s"):format(folder, name, arguments))
end

-- A module `name` whose trait `trait` answers `answer`.
local function answering(name, trait, answer)
  return build(name, ([[
#define LIST(FIELD, METHOD) FIELD(double, level, 1) METHOD(double, answer, ()) METHOD(double, slow, ())
MOLT_TRAIT(%s, LIST)
static double answer(%s *self) { return self->level * %d; }
static double slow(%s *self) { return molt_call(self, answer) + 0.5; }
MOLT_MODULE(%s, "1.%d.0") { MOLT_IMPL(%s, .slow = slow); MOLT_IMPL_LEAF(%s, .answer = answer); return MOLT_OK; }
]]):format(trait, trait, answer, trait, name, answer, trait, trait))
end

describe("loading a module", function()
  it("finds it by its path, with and without its ending", function()
    local timer = assert(molt.load(natives .. "timer"))
    assert.equal(timer, assert(molt.load(natives .. "timer.so")))
  end)

  it("finds it by its name along molt.path", function()
    local path = molt.path
    molt.path = natives
    local tween = assert(molt.load("tween"))
    molt.path = path
    assert.equal("tween", molt.name(tween))
  end)

  it("takes a list", function()
    local timer, tween = molt.load { natives .. "timer", natives .. "tween" }
    assert.same({ "timer", "tween" }, { molt.name(timer), molt.name(tween) })
  end)

  it("declares its traits", function()
    assert(molt.load(natives .. "steering"))
    assert.equal("double", molt.fields(molt.find("Steering")).max_speed.type)
  end)

  it("gives its implementations by their names", function()
    local tween = assert(molt.load(natives .. "tween"))
    assert.equal("impl Linear of Tween", (tostring(tween.Linear):gsub("tween%.", "")))
    assert.equal(tween.Linear, tween.Linear)
    assert.not_equal(tween.Linear, tween.Bounce)
  end)

  it("tells what it is", function()
    local timer = assert(molt.load(natives .. "timer"))
    assert.same({ 1, "1.0.0", natives .. "timer.so" }, { timer.generation, timer.version, timer.file })
    assert.equal("module timer 1.0.0, generation 1", tostring(timer))
    assert.equal("module", getmetatable(timer))
  end)

  it("is told to listeners, once", function()
    local told = {}
    local handle = molt.on("load", function(module) told[#told + 1] = module end)
    local gate = assert(molt.load(answering("told", "Told", 1)))
    molt.load(folder .. "told")
    handle.remove()
    assert.same({ gate }, told)
  end)

  it("serves every scalar type and every odd name", function()
    local corners = assert(molt.load(tests .. "corners"))
    local o = molt.class(fresh "Odd", { corners.Corners })()
    assert.same({ true, -9.81, -16, 16, -32768, 65535, -2147483648, 4294967295, 0.5 },
      { o.object, o.vtable, o.self, o.u8, o.i16, o.u16, o.i32, o.u32, o.f32 })
    assert.is_true(o.i64 == -9007199254740992LL and o.u64 == 9007199254740992ULL)
    o:none()
    assert.is_false(o.object)
    assert.equal(-2147483648, o:nothing())
    o.vtable = 0
    assert.equal(1 - 2 + 3 - 4 + 5 + 0.5 + 7 + 8, o:all(true, -2, 3, -4, 5, 0.5, 7, 8))
  end)
end)

describe("asking a module", function()
  it("for an implementation it does not have names those it has, and a near one", function()
    local tween = assert(molt.load(natives .. "tween"))
    refuses(function() return tween.Linaer .. "" end,
      "module 'tween' has no implementation 'Linaer'; it has Linear, QuadIn, QuadOut, QuadInOut, Back, Elastic, Bounce",
      "did you mean 'Linear'?")
  end)

  it("to be assigned to is refused", function()
    local tween = assert(molt.load(natives .. "tween"))
    refuses(function() tween.Linear = 5 end, "module 'tween' cannot be assigned to (at 'Linear')",
      "fill one of its implementations, or make one with molt.impl")
  end)

  it("to reload as anything but a module is refused", function()
    local tween = assert(molt.load(natives .. "tween"))
    local reload = tween.reload
    refuses(function() reload(5) end, "bad argument #1 to 'reload' (module expected, got number)")
    refuses(function() reload() end, "bad argument #1 to 'reload' (module expected, got nil)")
  end)
end)

describe("reloading a module", function()
  it("swaps the methods of every live object at once", function()
    local module = assert(molt.load(answering("swap", "Swap", 1)))
    local Car = molt.class(fresh "Car", { module.Swap })
    local list = {}
    for i = 1, 100 do list[i] = Car { level = i } end
    local lone = molt.attach(molt.class(fresh "Other")(), module.Swap)
    local bound = lone.answer
    answering("swap", "Swap", 2)
    local report = assert(module:reload())
    assert.same({ 1, 2, false }, { report.from, report.to, report.unchanged })
    assert.equal(2, report.slots)
    for i = 1, 100 do assert.equal(2 * i, list[i]:answer()) end
    assert.same({ 2, 2.5, 2 }, { lone:answer(), lone:slow(), bound(lone) })
    assert.same({ 2, "1.2.0" }, { module.generation, module.version })
  end)

  it("swaps in the middle of a hot loop", function()
    local module = assert(molt.load(answering("hot", "Hot", 1)))
    local o = molt.class(fresh "Car", { module.Hot })()
    local sum = 0
    for i = 1, 400 do
      if i == 301 then
        answering("hot", "Hot", 10)
        assert(module:reload())
      end
      sum = sum + o:answer()
    end
    assert.equal(300 + 1000, sum)
  end)

  it("keeps the fields, the overrides and the later fills", function()
    local module = assert(molt.load(answering("keep", "Keep", 1)))
    local Car = molt.class(fresh "Car", { module.Keep })
    local plain, own = Car { level = 5 }, Car()
    molt.override(own, "answer", function() return "own" end)
    answering("keep", "Keep", 3)
    assert(module:reload())
    assert.same({ 15, 5, "own" }, { plain:answer(), plain.level, own:answer() })
    molt.restore(own)
    assert.equal(3, own:answer())
    function Car:answer() return "class" end
    answering("keep", "Keep", 4)
    assert(module:reload())
    assert.equal("class", own:answer())
    Car.answer = nil
    assert.equal(4, own:answer())
  end)

  it("of an unchanged file changes nothing and says so", function()
    local module = assert(molt.load(answering("same", "Same", 1)))
    local report = assert(module:reload())
    assert.same({ true, 1 }, { report.unchanged, module.generation })
  end)

  it("is told to listeners, with the report", function()
    local module = assert(molt.load(answering("heard", "Heard", 1)))
    answering("heard", "Heard", 2)
    local told
    local handle = molt.on("reload", function(which, report) told = { which, report.to } end)
    assert(module:reload())
    handle.remove()
    assert.same({ module, 2 }, told)
  end)

  it("is refused when the file is gone, unreadable or no module, and the old one serves on", function()
    local module = assert(molt.load(answering("broken", "Broken", 7)))
    local o = molt.class(fresh "Car", { module.Broken })()
    for _, text in ipairs { "", "no module", read(folder .. "broken.so"):sub(1, 5000) } do
      write("broken.so", text)
      local report, err = module:reload()
      assert.is_nil(report)
      assert.matches("broken.so", err.message, 1, true)
      assert.same({ 7, 1 }, { o:answer(), module.generation })
    end
    os.remove(folder .. "broken.so")
    local report, err = module:reload()
    assert.is_nil(report)
    assert.matches("broken%.so: No such file or directory", err.message)
    assert.same({ 7, 1 }, { o:answer(), module.generation })
    answering("broken", "Broken", 8)
    assert(module:reload())
    assert.equal(8, o:answer())
  end)

  it("fifty times costs neither mappings nor memory", function()
    local module = assert(molt.load(answering("many", "Many", 1)))
    local o = molt.class(fresh "Car", { module.Many })()
    local one = read(folder .. "many.so")
    answering("many", "Many", 2)
    local two = read(folder .. "many.so")
    local function mappings()
      local count = 0
      for line in io.lines("/proc/self/maps") do count = count + (line:find("many", 1, true) and 1 or 0) end
      return count
    end
    local function round(i)
      write("new", i % 2 == 0 and one or two)
      assert(os.rename(folder .. "new", folder .. "many.so"))
      assert(module:reload())
      assert.equal(i % 2 == 0 and 1 or 2, o:answer())
      molt.tick()
    end
    round(1)
    round(2)
    local before = mappings()
    collectgarbage()
    local memory = collectgarbage("count")
    for i = 1, 50 do round(i) end
    collectgarbage()
    assert.is_true(mappings() <= before)
    assert.is_true(collectgarbage("count") - memory < 200)
  end)
end)

describe("a file that is no module", function()
  -- nil and an error with this text, which names the file; nothing changed.
  local function fails(name, pattern)
    helper.collect_all()                 -- what earlier tests left is not to end meanwhile
    local live = molt.count()
    local module, err = molt.load(name)
    assert.is_nil(module)
    assert.equal("table", type(err))
    assert.matches(pattern, err.message)
    assert.matches("^tests/lua/module_spec%.lua:%d+: ", tostring(err))
    assert.equal(live, molt.count())
    return err
  end

  it("is refused when it does not exist, naming it", function()
    fails(folder .. "nowhere", "^" .. folder:gsub("%p", "%%%0") .. "nowhere%.so: No such file or directory$")
  end)

  it("is refused when no folder of the path has it, naming them", function()
    local path = molt.path
    molt.path = folder
    local err = fails("nowhere", "^no native module 'nowhere': nowhere%.so is in none of ")
    molt.path = path
    assert.matches(folder, err.message, 1, true)
    assert.equal("a path with a slash is taken as it is; $MOLT_PATH and molt.path add folders", err.hint)
  end)

  it("is refused when it is empty", function()
    fails(write("empty.so", ""), "empty%.so: expected a native module, found an empty file$")
  end)

  it("is refused when it is text", function()
    fails(write("text.so", "print('hello')\n"),
      "text%.so: expected a native module %(an ELF shared object%), found text$")
  end)

  it("is refused when it is a folder", function()
    dir.makepath(folder .. "inner.so")
    fails(folder .. "inner.so", "inner%.so")
  end)

  it("is refused when it is truncated anywhere", function()
    local whole = read(natives .. "steering.so")
    for percent = 1, 99, 7 do
      fails(write("cut.so", whole:sub(1, math.floor(#whole * percent / 100))), "cut%.so: ")
    end
  end)

  it("is refused when it is a shared object of another kind", function()
    compile("plain", "-x c /dev/null")
    fails(folder .. "plain.so", "plain%.so: a shared object, but no native module: it has no MOLT_MODULE$")
  end)

  it("is refused when it is molt itself", function()
    fails(helper.build_dir .. "/lib/molt.so", "molt%.so: ")
  end)

  it("is refused when it was built for another version of the header, naming both", function()
    dir.makepath(folder .. "include")
    assert(os.execute(("cp -r '%s/core/include/molt' '%sinclude'"):format(helper.source_dir, folder)))
    local header = read(folder .. "include/molt/base.h")
    local abi = header:match("#define MOLT_ABI%s+(%d+)")
    write("include/molt/base.h", (header:gsub("(#define MOLT_ABI%s+)%d+", "%19999")))
    local file = write("other.c",
      "#include <molt/native.h>\nMOLT_MODULE(other, \"1\") { (void)molt; return MOLT_OK; }\n")
    compile("other", ("-I '%sinclude' '%s'"):format(folder, file))
    fails(folder .. "other", ("other%%.so: built for ABI 9999 of molt/native%%.h, expected %s"):format(abi))
  end)

  it("is refused when its own setup fails, with its words, and its traits are not there", function()
    fails(tests .. "refuses", "needs a GPU with 512 MB")
    assert.is_nil((molt.find("Gpu")))
  end)

  it("is refused when it lacks a symbol, which is named, and the program goes on", function()
    local file = write("lacking.c", [[
#include <molt/native.h>
double nowhere_to_be_found(double);
#define LIST(FIELD, METHOD) METHOD(double, answer, ())
MOLT_TRAIT(Lacks, LIST)
static double answer(Lacks *self) { (void)self; return nowhere_to_be_found(1); }
MOLT_MODULE(lacks, "1.0.0") { MOLT_IMPL(Lacks, .answer = answer); return MOLT_OK; }
]])
    compile("lacking", ("-I '%s/core/include' '%s'"):format(helper.source_dir, file))
    fails(folder .. "lacking", "lacking%.so: .*nowhere_to_be_found")
  end)

  it("is refused when it declares a trait unequally, naming both places", function()
    molt.trait("ModuleUnequal", { "float level = 1", "double answer()", "double slow()" })
    local line = debug.getinfo(1, "l").currentline - 1
    local err = fails(answering("unequal", "ModuleUnequal", 1), "trait 'ModuleUnequal' is declared unequally")
    assert.matches("tests/lua/module_spec.lua:" .. line, err.message, 1, true)
    assert.matches("unequal.c", err.message, 1, true)
  end)
end)

describe("molt.load", function()
  it("refuses what is no name", function()
    refuses(function() molt.load(5) end, "bad argument #1 to 'load' (name or list of names expected, got number)")
    refuses(function() molt.load() end, "bad argument #1 to 'load' (name or list of names expected, got nil)")
    refuses(function() molt.load { 5 } end, "bad argument #1 to 'load' (list of names expected, got number)")
    refuses(function() molt.load(molt.trait(fresh "T")) end,
      "bad argument #1 to 'load' (name or list of names expected, got trait)")
  end)

  it("refuses a path that is no text", function()
    local path = molt.path
    molt.path = 5
    refuses(function() molt.load("timer") end, "molt.path is a string of folders, got number")
    molt.path = path
  end)

  it("answers nil and an error for a name without any letter", function()
    local module, err = molt.load("")
    assert.is_nil(module)
    assert.equal("a native module needs a name", err.message)
  end)
end)
