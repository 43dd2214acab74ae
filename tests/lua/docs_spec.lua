-- Everything that the README and the documents show is run, and what it prints
-- is compared with what they say. How blocks are marked: tests/tools/markdown.lua.

local helper = require "helper"
local dir = require "pl.dir"
local path = require "pl.path"

local markdown = dofile(path.join(helper.source_dir, "tests/tools/markdown.lua"))
local shell = dofile(path.join(helper.source_dir, "tests/tools/shell.lua"))

-- Blocks that cannot be run here, in each document, and why.
local not_run = {
  ["README.md"] = 1,                     -- ./molt demo, which examples_spec runs, and ./molt test, which runs this
  ["docs/embedding.md"] = 1,             -- the frame of a game, in words
  ["docs/threads.md"] = 1,               -- liburcu, which need not be there
}

local folders = { "core", "bindings", "lua", "natives", "examples", "tests", "cmake" }

local function documents()
  local list = { "README.md", "CHANGELOG.md" }
  for _, folder in ipairs(folders) do list[#list + 1] = folder .. "/README.md" end
  for _, file in ipairs(dir.getallfiles(path.join(helper.source_dir, "docs"), "*.md")) do
    list[#list + 1] = path.relpath(file, helper.source_dir)
  end
  table.sort(list)
  return list
end

-- The folder of one document, as its reader sees it: ./molt is there.
local function new_folder()
  local folder = shell.new_folder()
  local source = shell.quoted(helper.source_dir)
  shell.run(("ln -s %s/molt molt && mkdir external && ln -s %s external/molt"):format(source, source), folder)
  return folder
end

local function assert_success(status, out, err)
  assert(status == 0, ("exit status %d\n%s\n%s"):format(status, out, err))
end

local function assert_prints(expected, out)
  if not markdown.matches(expected, out) then assert.equal(expected, out) end
end

local run = {}

function run.module(step, folder)
  shell.write(path.join(folder, step.name), step.text)
  assert_success(shell.run("./molt build " .. step.name, folder))
end

local change = "assert(os.execute('sh -e change%d >&2') == 0)\n"

-- The parts of a program in one file, and what happens between them.
local function assemble(step, folder)
  local text = {}
  for i, part in ipairs(step.parts) do
    if part.kind == "block" then
      text[i] = part.block.text
    else
      local name = part.name
      local save = "cat >%s <<'end of file'\n%send of file\n./molt build %s\n"
      local script = name and save:format(name, part.text, name)
      shell.write(path.join(folder, "change" .. i), script or part.text)
      text[i] = change:format(i)
    end
  end
  return table.concat(text)
end

function run.lua(step, folder)
  shell.write(path.join(folder, "game.lua"), assemble(step, folder))
  local status, out, err = shell.run(helper.lua .. " game.lua", folder)
  assert_success(status, out, err)
  assert_prints(step.output, out)
end

local host_line = "cc -std=gnu17 -Wall -Wextra -Werror -rdynamic %s %s "
  .. "-I%s/core/include -I%s/bindings/include %s/lib/libmolt.a "
  .. "$(pkg-config --cflags --libs luajit libffi) -lm -lpthread -ldl -o host && ./host"

function run.host(step, folder)
  local source, sanitizers = helper.source_dir, shell.sanitized() and "-g -fsanitize=address,undefined" or ""
  shell.write(path.join(folder, step.name), step.text)
  local line = host_line:format(sanitizers, step.name, source, source, helper.build_dir)
  local status, out, err = shell.run(line, folder)
  assert_success(status, out, err)
  assert_prints(step.output or "", out)
end

function run.excerpt(step)
  local whole = shell.read(path.join(helper.source_dir, step.name))
  assert(whole:find(step.text, 1, true), "these lines are not in " .. step.name)
end

function run.sh(step, folder)
  local head = "set -e; export MOLT=" .. shell.quoted(helper.source_dir) .. "\n"
  local status, out, err = shell.run(head .. step.text, folder)
  assert_success(status, out, err)
  if step.output then assert_prints(step.output, out) end
end

function run.cmake(step, folder)
  local head = "cmake_minimum_required(VERSION 3.22)\nproject(game C)\n"
  shell.write(path.join(folder, "CMakeLists.txt"), head .. step.text)
  assert_success(shell.run("cmake -G Ninja -B build && cmake --build build", folder))
end

-- What depends on how Lua runs is run each time; the rest once, hosts under the sanitizers too.
local function is_for_this_run(step)
  if step.kind == "sh" or step.kind == "cmake" then return shell.once end
  if step.kind == "host" then return shell.once or shell.sanitized() end
  return true
end

for _, document in ipairs(documents()) do
  describe(document, function()
    local steps = markdown.steps(shell.read(path.join(helper.source_dir, document)))
    local folder, skipped = nil, 0
    setup(function() folder = new_folder() end)
    teardown(function() shell.remove_folder(folder) end)

    for _, step in ipairs(steps) do
      if step.kind == "not-run" then
        skipped = skipped + 1
      elseif is_for_this_run(step) then
        it(("keeps its word at line %d (%s)"):format(step.line, step.kind), function() run[step.kind](step, folder) end)
      end
    end

    it("links to what there is", function()
      local text = shell.read(path.join(helper.source_dir, document))
      for target in text:gmatch("%]%(([^)#%s]+)[^)]*%)") do
        local file = path.join(helper.source_dir, path.dirname(document), target)
        assert(target:find("^https?:") or path.exists(file), target)
      end
    end)

    it("runs all that can be run", function() assert.equal(not_run[document] or 0, skipped) end)
  end)
end

describe("the README of", function()
  for _, folder in ipairs(folders) do
    it(folder .. " names files that are there", function()
      local text = shell.read(path.join(helper.source_dir, folder, "README.md"))
      for row in text:gmatch("\n| (`[^|]*) |") do
        for name in row:gmatch("`([^`]+)`") do
          assert(path.exists(path.join(helper.source_dir, folder, name)), name)
        end
      end
    end)
  end
end)
