-- core ← bindings ← lua ← examples; natives see the native header alone.

local helper = require "helper"
local dir = require "pl.dir"
local path = require "pl.path"

local function files(folder, pattern)
  local found = {}
  for _, name in ipairs(dir.getallfiles(path.join(helper.source_dir, folder))) do
    if name:find(pattern) then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  assert(#found > 0, "nothing to look at in " .. folder)
  return found
end

local function exists(...)
  return path.isfile(path.join(helper.source_dir, ...))
end

-- Calls visit(file, text between the marks) for every match in the files.
local function each_match(list, pattern, visit)
  for _, name in ipairs(list) do
    local number = 0
    for line in io.lines(name) do
      number = number + 1
      local match = line:match(pattern)
      if match then
        visit(("%s:%d"):format(path.relpath(name, helper.source_dir), number), match)
      end
    end
  end
end

local function is_lua_header(header)
  return header:find("^lua") ~= nil or header == "lauxlib.h"
end

-- Every #include of the files is either the C library's or allowed.
local function assert_includes(list, allowed)
  local wrong = {}
  each_match(list, '^%s*#%s*include%s*([<"][^>"]+)', function(place, include)
    local quote, header = include:sub(1, 1), include:sub(2)
    local climbs = header:find("..", 1, true)
    local from_libc = quote == "<" and not header:find("^molt/") and not is_lua_header(header)
    if climbs or not from_libc and not allowed(quote, header, place) then
      wrong[#wrong + 1] = ("%s includes %s"):format(place, header)
    end
  end)
  assert.same({}, wrong)
end

local function assert_requires(list, allowed)
  local wrong = {}
  each_match(list, "%f[%w_]require[%s%(]*[\"']([%w_%.]+)[\"']", function(place, module)
    if not allowed(module) then
      wrong[#wrong + 1] = ("%s requires %s"):format(place, module)
    end
  end)
  assert.same({}, wrong)
end

local function module_in(root, module)
  local file = module:gsub("%.", "/")
  return exists(root, file .. ".lua") or exists(root, file, "init.lua")
end

-- The symbols that nm prints for a file, with the options given.
local function symbols(options, file)
  local names = {}
  local pipe = assert(io.popen(("nm %s '%s' 2>&1"):format(options, path.join(helper.build_dir, file))))
  for line in pipe:lines() do
    names[#names + 1] = line:match("(%S+)$")
  end
  pipe:close()
  assert.is_true(#names > 0, "nm printed nothing for " .. file)
  return names
end

describe("the layers", function()
  it("let core include its own headers and the C library only", function()
    assert_includes(files("core", "%.[ch]$"), function(quote, header)
      return quote == "<" and exists("core/include", header) or quote == '"' and exists("core/src", header)
    end)
  end)

  it("leave no Lua symbol in the core", function()
    local wrong = {}
    for _, name in ipairs(symbols("-u", "libmolt_core.a")) do
      if name:find("^luaL?_") then
        wrong[#wrong + 1] = name
      end
    end
    assert.same({}, wrong)
  end)

  it("let bindings include core's headers, public and private, their own and Lua's", function()
    assert_includes(files("bindings", "%.[ch]$"), function(quote, header)
      return is_lua_header(header)
        or quote == "<" and (exists("core/include", header) or exists("bindings/include", header))
        or quote == '"' and (exists("bindings/src", header) or exists("core/src", header))
    end)
  end)

  it("let the Lua part of bindings require LuaJIT's modules and its own", function()
    local luajit = { ffi = true, jit = true, bit = true, ["jit.opt"] = true, ["jit.util"] = true,
      ["table.new"] = true, ["string.buffer"] = true }
    assert_requires(files("bindings/lua", "%.lua$"), function(module)
      return luajit[module] or module == "molt.core" or module_in("bindings/lua", module)
    end)
  end)

  it("let lua require molt's modules only, so that it knows no FFI", function()
    assert_requires(files("lua", "%.lua$"), function(module)
      return module == "molt.core" or module_in("lua", module) or module_in("bindings/lua", module)
    end)
  end)

  it("let natives include the native header and the C library only", function()
    assert_includes(files("natives", "%.[ch]$"), function(quote, header)
      return quote == "<" and header == "molt/native.h" or quote == '"' and exists("natives", header)
    end)
  end)

  it("let examples include public headers only", function()
    assert_includes(files("examples", "%.[ch]$"), function(quote, header)
      return is_lua_header(header)
        or quote == "<" and (exists("core/include", header) or exists("bindings/include", header))
        or quote == '"' and exists("examples", header)
    end)
  end)

  it("let examples require molt as a user would", function()
    assert_requires(files("examples", "%.lua$"), function(module)
      return module == "molt" or module == "ffi" or not module:find("^molt%.")
    end)
  end)

  it("let molt.so export public names only", function()
    local wrong = {}
    for _, name in ipairs(symbols("-D --defined-only", "lib/molt.so")) do
      if not (name:find("^molt_[^_]") or name:find("^luaopen_molt")) then
        wrong[#wrong + 1] = name
      end
    end
    assert.same({}, wrong)
  end)
end)
