-- The code of a Markdown file, as things to run.
--
--   ```lua             a program of its own
--   ```lua more        goes on with the program before it; modules and shell commands
--                      between the two happen while it runs
--   ```text            what the block before it prints; without one the program prints what its
--                      `--> …` comments say, or nothing. `…` stands for any text
--                      in a line, and alone on a line for any lines; spaces
--                      and tabs count as one space
--   ```c NAME.c        a file. With MOLT_MODULE it is built by `molt build`, with
--                      main it is linked against the library, and run
--   ```c from FILE     an excerpt: these very lines are in FILE
--   ```sh              run by the shell; ./molt is there
--   ```cmake           the end of a CMakeLists.txt, configured and built
--   ```LANGUAGE not-run  is not run, and counted
--   ```                a picture

local markdown = {}

-- All fenced blocks: { language, words, text, line }.
function markdown.blocks(text)
  local blocks, block, number = {}, nil, 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    local info = line:match("^```(.*)$")
    if info and not block then
      local language, words = info:match("^(%S*)%s*(.-)%s*$")
      block = { language = language, words = words, line = number, lines = {} }
    elseif info then
      block.text = table.concat(block.lines, "\n") .. "\n"
      blocks[#blocks + 1] = block
      block = nil
    elseif block then
      block.lines[#block.lines + 1] = line
    end
  end
  assert(not block, "a code block has no end")
  return blocks
end

-- What `--> …` comments say that a block prints.
local function inline_output(block)
  local lines = {}
  for _, line in ipairs(block.lines) do
    lines[#lines + 1] = line:match("%-%->%s?(.*)$")
  end
  return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

-- Things to run, in order: { kind, line, … }. Kinds: "lua" with `parts`, each a
-- block, a module or a "sh", and `output`; "module", "host", "excerpt", "sh", "cmake", "not-run".
function markdown.steps(text)
  local steps, program, last = {}, nil, nil

  local function add(step)
    steps[#steps + 1] = step
    last = step
  end

  local function lua(block)
    if block.words == "more" then
      assert(program, ("line %d: there is no program to go on with"):format(block.line))
      -- The files that came since then change while the program runs.
      local between = {}
      while steps[#steps] ~= program do table.insert(between, 1, table.remove(steps)) end
      for _, step in ipairs(between) do
        local can = step.kind == "module" or step.kind == "sh"
        assert(can, ("line %d: this cannot happen while a program runs"):format(step.line))
        program.parts[#program.parts + 1] = step
      end
    else
      program = { kind = "lua", line = block.line, parts = {}, outputs = {} }
      add(program)
    end
    last = program
    program.parts[#program.parts + 1] = { kind = "block", block = block }
    program.outputs[#program.outputs + 1] = inline_output(block)
  end

  local function c(block)
    local kind = block.text:find("MOLT_MODULE", 1, true) and "module" or block.text:find("int main", 1, true) and "host"
    assert(kind and block.words:find("^[%w_]+%.c$"), ("line %d: a C block needs a name, and a MOLT_MODULE or a main")
      :format(block.line))
    add { kind = kind, line = block.line, name = block.words, text = block.text }
  end

  for _, block in ipairs(markdown.blocks(text)) do
    local excerpt = block.words:match("^from (%S+)$")
    if block.language == "" then
      last = nil
    elseif block.words == "not-run" then
      add { kind = "not-run", line = block.line }
    elseif excerpt then
      add { kind = "excerpt", line = block.line, name = excerpt, text = block.text }
    elseif block.language == "lua" then
      lua(block)
    elseif block.language == "c" then
      c(block)
    elseif block.language == "text" then
      assert(last, ("line %d: what prints this?"):format(block.line))
      if last.kind == "lua" then last.outputs[#last.outputs] = block.text else last.output = block.text end
    elseif block.language == "sh" or block.language == "cmake" then
      add { kind = block.language, line = block.line, text = block.text }
    else
      error(("line %d: unknown language '%s'"):format(block.line, block.language))
    end
  end
  for _, step in ipairs(steps) do
    if step.outputs then step.output = table.concat(step.outputs) end
  end
  return steps
end

-- Is `text` what `expected` says, `…` being anything? Spaces and tabs count as one space.
function markdown.matches(expected, text)
  local pattern = {}
  expected, text = expected:gsub("[ \t]+", " "):gsub(" \n", "\n"), text:gsub("[ \t]+", " "):gsub(" \n", "\n")
  for line in expected:gmatch("(.-)\n") do
    if line:match("^%s*…%s*$") then
      pattern[#pattern + 1] = ".-"
    else
      pattern[#pattern + 1] = line:gsub("%p", "%%%0"):gsub("…", "[^\n]-") .. "\n"
    end
  end
  return text:find("^" .. table.concat(pattern) .. "$") ~= nil
end

-- The printed output that an example has in the comment at its end.
function markdown.printed_output(source)
  return source:match("^.*\n%-%-%[%[[^\n]*\n(.*)%]%]%s*$") or source:match("^.*\n/%*[^\n]*\n(.*)%*/%s*$")
end

return markdown
