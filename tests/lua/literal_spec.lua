-- Nothing that a module hands out dangles: its image is gone, its place inaccessible, and
-- everything that came from it can still be looked at.

local dir = require "pl.dir"
local helper = require "helper"

local folder = os.tmpname() .. ".d/"

setup(function() dir.makepath(folder) end)
teardown(function() dir.rmtree(folder) end)

-- A module that hands out every kind of text there is; each generation has its own.
local text = [[
#include <molt/native.h>
MOLT_STRUCT(Tint, float red; float green;)
#define PART(FIELD, METHOD) FIELD(double, weight, 2) METHOD(double, mass, ())
MOLT_TRAIT(Part, PART)
#define PAINT(FIELD, METHOD)                                   \
    FIELD(molt_string, label,   MOLT_TEXT("plain white"))      \
    FIELD(Tint,        tint,    {0.5f, 0.25f})                 \
    FIELD(float,       rgb[3],  {1, 0, 1})                     \
    FIELD(MOLT_REF(Part), holder, {0})                         \
    FIELD(MOLT_PRIVATE double, secret, 7)                      \
    METHOD(double, gloss, (double light))                      \
    METHOD(void, attached, ())                                 \
    METHOD(int32_t, open, (int32_t how))
MOLT_TRAIT(Paint, PAINT)
MOLT_STATE(tally, int32_t strokes; double area;)
static double gloss(Paint *self, double light) { tally->strokes++; return light * GENERATION + self->secret; }
static void attached(Paint *self) { (void)self; }
static double mass(Part *self) { return self->weight; }
static int leave(molt_leave *molt)
{
    molt_log(molt->world, MOLT_LOG_INFO, "generation %%u leaves", molt->generation);
    return GENERATION == 2 && tally->strokes++ < 1000 ? molt_stay(molt, "not before the next tick") : MOLT_OK;
}
MOLT_MODULE(palette, "1.0." GENERATION_TEXT)
{
    MOLT_REGISTER_STRUCT(Tint);
    MOLT_PERSIST(tally, .area = 3);
    MOLT_BEFORE_UNLOAD(leave);
    if (REFUSED) molt_fail(molt, "the text of a refusal");
    MOLT_IMPL(Paint, .attached = attached);
    MOLT_IMPL_LEAF(Paint, .gloss = gloss);
    MOLT_IMPL_LEAF_NAMED(Matte, Paint, .gloss = gloss);
    MOLT_IMPL_LEAF(Part, .mass = mass);
    return MOLT_OK;
}
]]

local function build(generation, refused)
  local file = assert(io.open(folder .. "palette.c", "w"))
  file:write(("#define GENERATION %d\n#define GENERATION_TEXT \"%d\"\n#define REFUSED %d\n"):format(generation,
    generation, refused and 1 or 0), (text:gsub("%%%%", "%%")))
  file:close()
  local command = "'%s/molt' build '%spalette.c' >'%slog' 2>&1 && cp '%spalette.so' '%s%s.build'"
  local name = refused and "refused" or tostring(generation)
  local status = os.execute(command:format(helper.source_dir, folder, folder, folder, folder, name))
  if status ~= 0 then error(io.open(folder .. "log"):read("*a")) end
end

-- Runs in a process of its own: what dangles ends it.
local walk = [[
  local ffi = require "ffi"
  ffi.cdef "int setenv(const char *name, const char *value, int over);"
  ffi.C.setenv("MOLT_DEVELOPMENT", "1", 1)
  local molt = require "molt"
  local folder = %q

  local function put(build) assert(os.execute(("cp '%%s%%s.build' '%%spalette.so'"):format(folder, build, folder)) == 0) end

  local seen = 0
  -- Every text there is, however deep.
  local function read(value, done)
    done = done or {}
    if type(value) == "string" then
      seen = seen + #value
      for _ in value:gmatch "." do end
    elseif type(value) == "table" and not done[value] then
      done[value] = true
      for k, v in pairs(value) do
        read(k, done)
        read(v, done)
      end
    elseif value ~= nil then
      read(tostring(value), done)
    end
  end

  local function misuse(fn, ...)
    local ok, err = pcall(fn, ...)
    assert(not ok, "no error")
    read { tostring(err), err.message, err.hint, err.where, err.code }
  end

  put "1"
  local palette = assert(molt.load(folder .. "palette.so"))
  local Wall = molt.class("Wall", { palette.Paint, palette.Part })
  function Wall:open(how) return how end
  local wall = Wall { label = "red" }
  local plain = Wall {}

  local function look()
    for _, what in ipairs { "Paint", "Part", "Wall" } do
      read(tostring(molt.find(what)))
      read(molt.fields(molt.find(what)))
    end
    for _, o in ipairs { wall, plain, Wall {} } do
      read { molt.fields(o), molt.methods(o), molt.traits_of(o), molt.name(o), tostring(o), o.label, o.rgb, o.tint }
      read { tostring(molt.as(o, molt.find "Paint")), o:gloss(1), o:mass(), o:open(2) }
      misuse(function() o.label = 7 end)
      misuse(function() o.rgb = "no" end)
      misuse(function() o.tint = { blue = 1 } end)
      misuse(function() o:gloss "much" end)
      misuse(function() o.holder = 3 end)
    end
    read { tostring(palette), palette.version, palette.file, palette.generation, molt.name(palette) }
    read { tostring(palette.Paint), tostring(palette.Matte), molt.missing(palette.Paint) }
    read { molt.images(), molt.counters() }
    misuse(function() return palette.Pant end)
    misuse(function() return molt.trait("Paint", { "double label" }) end)
    misuse(function() return molt.struct("Tint", "float red") end)
    read { tostring(select(2, molt.load "nowhere")) }
  end

  look()
  for generation = 2, 3 do
    put "refused"
    local report, err = palette:reload()
    assert(not report and err.message:find("the text of a refusal", 1, true), tostring(err))
    molt.tick()
    read { err.message, err.hint, err.reasons, tostring(err) }
    put(generation)
    report = assert(palette:reload())
    read { report, tostring(report) }
    look()
    molt.tick()
    read { report, tostring(report) }
    look()
  end
  for _ = 1, 1000 do plain:gloss(1) end
  molt.tick()
  molt.tick()
  assert(#molt.images() == 1, "an old image is still mapped")
  look()
  read(tostring(assert(palette:rollback())))
  look()
  assert(palette:unload { detach = true })
  for _ = 1, 3 do molt.tick() end
  assert(#molt.images() == 0, "an image is still mapped")
  for _, what in ipairs { "Paint", "Part", "Wall" } do
    read { tostring(molt.find(what)), molt.fields(molt.find(what)) }
  end
  read { molt.fields(wall), tostring(wall), tostring(palette), palette.version, tostring(molt.find "Wall" {}) }
  misuse(function() return palette.Paint end)
  misuse(function() return molt.trait("Paint", { "double label" }) end)
  misuse(function() return molt.struct("Tint", "float red") end)
  local Other = molt.class("Other", { molt.find "Paint" })
  function Other:gloss() return 0 end
  function Other:open() return 0 end
  molt.find("Paint").attached = function() end
  read { Other {}.label, Other {}.tint, molt.fields(Other {}) }
  assert(Other {}.label == "plain white")
  io.write("walked ", seen > 10000 and "far" or seen, "\n")
]]

describe("a module's texts", function()
  it("outlive its images: names, defaults, places, errors and reports", function()
    for generation = 1, 3 do build(generation) end
    build(4, true)
    local output, status = helper.run(walk:format(folder))
    assert.equal("molt: palette g2 stays mapped: it asks to stay: not before the next tick\nwalked far\n", output)
    assert.equal(0, status)
  end)
end)
