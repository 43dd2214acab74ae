-- Forbids, in the Lua sources given, what Debian's 2022 snapshot of LuaJIT
-- compiles wrongly.
--
--   luajit forbidden.lua FILE…
--
-- Comments and strings are read over. A line that is known to be safe, because
-- its function is under jit.off, says so: `-- forbidden: allow (jit.off)`.

local rules = {
  {
    pattern = "%f[%w_]in%s+pairs%f[^%w_]",
    message = "a 'for … in pairs(t)' loop around a compiled inner loop ends early (LuaJIT#827); "
      .. "write 'local iterate = next; for k, v in iterate, t do'",
  },
  {
    pattern = "%f[%w_]in%s+next%f[^%w_]",
    message = "'in next' compiles to the same instruction as pairs and ends early (LuaJIT#827); "
      .. "write 'local iterate = next; for k, v in iterate, t do'",
  },
  {
    pattern = "table%.clear",
    message = "a load is fused across table.clear when it is compiled; make a new table, "
      .. "or clear it in a function under jit.off",
  },
}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function blank(text)
  return (text:gsub("[^\n]", " "))
end

-- The code alone, every line in its place. `require "table.clear"` is code.
local function without_comments_and_strings(text)
  local out, position = {}, 1
  local function take(last, keep)
    local piece = text:sub(position, last)
    out[#out + 1] = keep and piece or blank(piece)
    position = last + 1
  end
  local function long_bracket_end(start)
    local level = text:match("^%[(=*)%[", start)
    if level then
      local _, last = text:find("]" .. level .. "]", start, true)
      return last or #text
    end
  end
  while position <= #text do
    local char = text:sub(position, position)
    if text:sub(position, position + 1) == "--" then
      take(long_bracket_end(position + 2) or (text:find("\n", position, true) or #text + 1) - 1)
    elseif char == "[" and long_bracket_end(position) then
      take(long_bracket_end(position))
    elseif char == '"' or char == "'" then
      local last = position + 1
      while last < #text and text:sub(last, last) ~= char do
        last = last + (text:sub(last, last) == "\\" and 2 or 1)
      end
      take(last, text:sub(position + 1, last - 1) == "table.clear")
    else
      take(position, true)
    end
  end
  return table.concat(out)
end

local function lines(text)
  return (text .. "\n"):gmatch("(.-)\n")
end

local function check(path)
  local text, found, number = read(path), 0, 0
  local code = lines(without_comments_and_strings(text))
  for line in lines(text) do
    number = number + 1
    local code_line = code()
    for _, rule in ipairs(rules) do
      if code_line:find(rule.pattern) and not line:find("forbidden: allow (jit.off)", 1, true) then
        io.stderr:write(("%s:%d: %s\n"):format(path, number, rule.message))
        found = found + 1
      end
    end
  end
  return found
end

local found = 0
for _, path in ipairs(arg) do
  found = found + check(path)
end
os.exit(found == 0 and 0 or 1)
