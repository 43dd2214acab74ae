-- A document that names a test is right: the file is there, and the test in it.

local helper = require "helper"
local dir = require "pl.dir"
local path = require "pl.path"

local function read(file)
  local stream = assert(io.open(file, "rb"))
  local text = stream:read("*a")
  stream:close()
  return text
end

-- Is there a test of this name: test(name) or TEST(name, …) in a C list, it("name", …) in Lua?
local function has_test(text, file, name)
  if file:find("%.c$") then return text:find(("\n%%s+[%%w_]+%%(%s[,)]"):format(name)) ~= nil end
  return text:find(('it("%s"'):format(name), 1, true) ~= nil
end

-- Every `[…](…_test.c) `name`, `name`` of a document's tables: visit(file, name).
local function each_citation(document, visit)
  local folder = path.dirname(document)
  for row in read(document):gmatch("\n|[^\n]*") do
    for link, names in row:gmatch("%]%(([^)]*/tests/[^)]*)%)([^%[\n]*)") do
      local file = path.normpath(path.join(folder, link))
      for name in names:gmatch("`([^`]+)`") do visit(file, name) end
    end
  end
end

local documents = { path.join(helper.source_dir, "docs/reload.md"), path.join(helper.source_dir, "docs/traits.md") }
local parts = path.join(helper.source_dir, "docs/reload")
if path.isdir(parts) then
  for _, file in ipairs(dir.getfiles(parts, "*.md")) do documents[#documents + 1] = file end
end

describe("the tests that documents name", function()
  for _, document in ipairs(documents) do
    it(("are there: %s"):format(path.relpath(document, helper.source_dir)), function()
      each_citation(document, function(file, name)
        assert(path.isfile(file), file)
        assert(has_test(read(file), file, name), ("%s has no test '%s'"):format(file, name))
      end)
    end)
  end

  it("are many in docs/reload.md", function()
    local count = 0
    each_citation(documents[1], function() count = count + 1 end)
    assert.is_true(count > 60)
  end)

  it("would be missed", function()
    assert.is_false(has_test("{\n  test(one),", "x_test.c", "on"))
    assert.is_false(has_test("\nstatic void one(void **state)", "x_test.c", "one"))
    assert.is_false(has_test('it("one two", f)', "x_spec.lua", "one"))
    assert.is_true(has_test("{\n  test(one),", "x_test.c", "one"))
    assert.is_true(has_test("{\n  TEST(one, two),", "x_test.c", "one"))
  end)
end)
