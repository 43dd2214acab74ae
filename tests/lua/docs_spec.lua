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
}

local function documents()
  local list = { "README.md" }
  for _, folder in ipairs { "docs", "natives" } do
    for _, file in ipairs(dir.getallfiles(path.join(helper.source_dir, folder), "*.md")) do
      list[#list + 1] = path.relpath(file, helper.source_dir)
    end
  end
  table.sort(list)
  return list
end

-- The folder of one document, as its reader sees it: ./molt is there.
local function new_folder()
  local folder = shell.new_folder()
  shell.run(("ln -s %s/molt molt && mkdir external && ln -s %s external/molt"):format(shell.quoted(helper.source_dir),
    shell.quoted(helper.source_dir)), folder)
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

-- The parts of a program in one file; in between, modules change.
local function assemble(step, folder)
  local text = {}
  for i, part in ipairs(step.parts) do
    if part.kind == "block" then
      text[#text + 1] = part.block.text
    else
      shell.write(path.join(folder, "change" .. i), part.text)
      text[#text + 1] = ("assert(os.execute('cp change%d %s && ./molt build %s >&2') == 0)\n"):format(i, part.name, part.name)
    end
  end
  return table.concat(text)
end

function run.lua(step, folder)
  shell.write(path.join(folder, "game.lua"), assemble(step, folder))
  local status, out, err = shell.run_lua("game.lua", folder)
  assert_success(status, out, err)
  assert_prints(step.output, out)
end

local host_line = "cc -std=gnu17 -Wall -Wextra -Werror -rdynamic %s %s -I%s/core/include -I%s/bindings/include %s/lib/libmolt.a "
  .. "$(pkg-config --cflags --libs luajit libffi) -lm -lpthread -ldl -o host && ./host"

function run.host(step, folder)
  local source, build = helper.source_dir, helper.build_dir
  shell.write(path.join(folder, step.name), step.text)
  local line = host_line:format(shell.sanitized() and "-g -fsanitize=address,undefined" or "", step.name, source, source, build)
  local status, out, err = shell.run(line, folder)
  assert_success(status, out, err)
  assert_prints(step.output or "", out)
end

function run.excerpt(step)
  local whole = shell.read(path.join(helper.source_dir, step.name))
  assert(whole:find(step.text, 1, true), "these lines are not in " .. step.name)
end

function run.sh(step, folder)
  local status, out, err = shell.run("set -e; export MOLT=" .. shell.quoted(helper.source_dir) .. "\n" .. step.text, folder)
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

    it("runs all that can be run", function() assert.equal(not_run[document] or 0, skipped) end)
  end)
end
