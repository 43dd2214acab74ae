-- What the generators share: a file's text, and a text as a C array.
local c_array = {}

function c_array.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- The initialiser of a NUL-terminated array. C17 promises string literals of
-- 4,095 characters only; an array has no limit.
function c_array.initialiser(text)
  local lines = {}
  for start = 1, #text, 20 do
    lines[#lines + 1] = "    " .. table.concat({ text:byte(start, start + 19) }, ",") .. ","
  end
  lines[#lines + 1] = "    0"
  return "{\n" .. table.concat(lines, "\n") .. "\n}"
end

return c_array
