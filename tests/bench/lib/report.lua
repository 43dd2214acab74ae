-- report: the table, the CSV file and the chart.

local report = {}

local function round(value)
  if not value then return "" end
  if value >= 10000 then return ("%.0f"):format(value) end
  return value >= 100 and ("%.0f"):format(value) or ("%.2f"):format(value)
end

-- A dash where there is nothing; what is not ASCII counts as one column.
local function pad(text, width, right)
  local _, continued = text:gsub("[\128-\191]", "")
  local space = (" "):rep(width - (#text - continued))
  return right and space .. text or text .. space
end

local WIDTH = 58
local VERDICTS = { [true] = "ok", [false] = "MISS" }

function report.head()
  print(("%s %10s %10s %7s %11s"):format(pad("", WIDTH), "molt", "peer", "ratio", "bar"))
end

function report.section(title)
  print("\n" .. title)
end

-- Is the bar held? nil where there is none.
function report.verdict(row)
  if row.bar then return row.ratio <= row.bar end
  if row.limit then return row.molt <= row.limit end
end

local function bar_text(row)
  if row.bar then return ("≤ %g ×"):format(row.bar) end
  if row.limit then return ("≤ %g %s"):format(row.limit, row.unit) end
  return ""
end

function report.row(row)
  local verdict = report.verdict(row)
  local ratio = row.ratio and ("%.2f"):format(row.ratio) or ""
  local peer = row.peer and row.peer_name ~= "plain" and (" (peer: %s)"):format(row.peer_name) or ""
  print(("  %s %s %s %s %s  %s%s"):format(pad(row.name, WIDTH - 2), pad(round(row.molt), 10, true),
    pad(round(row.peer), 10, true), pad(ratio, 7, true), pad(bar_text(row), 11, true), VERDICTS[verdict] or "", peer))
end

local columns = { "section", "case", "unit", "molt_min", "molt_median", "peer", "peer_min", "peer_median", "ratio",
  "bar", "limit", "verdict" }

local function quoted(value)
  if value == nil then return "" end
  if type(value) == "number" then return ("%.4g"):format(value) end
  return value:find '[",\n]' and '"' .. value:gsub('"', '""') .. '"' or value
end

local function list(row)
  local verdict = report.verdict(row)
  return { row.section, row.name, row.unit, row.molt, row.molt_median, row.peer and row.peer_name, row.peer,
    row.peer_median, row.ratio, row.bar, row.limit, verdict ~= nil and VERDICTS[verdict]:lower() or nil }
end

function report.csv(rows, path)
  local file = assert(io.open(path, "w"))
  file:write(table.concat(columns, ","), "\n")
  for _, row in ipairs(rows) do
    local cells, values = {}, list(row)
    for i = 1, #columns do cells[i] = quoted(values[i]) end
    file:write(table.concat(cells, ","), "\n")
  end
  file:close()
end

local function escaped(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

-- How much of its bar a row uses up: below 1 it holds.
local function used(row)
  if row.bar then return row.ratio / row.bar end
  if row.limit and row.limit > 0 then return row.molt / row.limit end
end

local COLOUR = { [true] = "#4878a8", [false] = "#c0504d" }
local LEFT, SCALE, LINE, MOST = 430, 220, 22, 2.5

local function svg_row(row, y)
  local share = used(row)
  local held = report.verdict(row)
  local length = math.min(share, MOST) * SCALE
  local figure = row.bar and ("%.2f × (%s)"):format(row.ratio, bar_text(row))
    or ("%s %s (%s)"):format(round(row.molt), row.unit, bar_text(row))
  return table.concat {
    ('<text x="%d" y="%d" text-anchor="end">%s</text>\n'):format(LEFT - 8, y + 14, escaped(row.name)),
    ('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>\n'):format(LEFT, y + 3, length, LINE - 7, COLOUR[held]),
    ('<text x="%.1f" y="%d" fill="#555">%s</text>\n'):format(LEFT + length + 6, y + 14, escaped(figure)),
  }
end

-- A bar for each case, as long as the share of its allowance that it uses.
function report.svg(rows, path)
  local body, y, section = {}, 30
  for _, row in ipairs(rows) do
    if used(row) then
      if row.section ~= section then
        section = row.section
        y = y + 10
        body[#body + 1] = ('<text x="10" y="%d" font-weight="bold">%s</text>\n'):format(y + 14, escaped(section))
        y = y + LINE
      end
      body[#body + 1] = svg_row(row, y)
      y = y + LINE
    end
  end
  local file = assert(io.open(path, "w"))
  file:write('<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" ')
  file:write(('width="%d" height="%d">\n'):format(LEFT + MOST * SCALE + 170, y + 20))
  file:write('<rect width="100%" height="100%" fill="white"/>\n')
  file:write(('<text x="%d" y="18" text-anchor="middle">the bar</text>\n'):format(LEFT + SCALE))
  file:write(table.concat(body))
  file:write(('<line x1="%d" y1="24" x2="%d" y2="%d" stroke="#222" stroke-dasharray="4 3"/>\n')
    :format(LEFT + SCALE, LEFT + SCALE, y))
  file:write("</svg>\n")
  file:close()
end

return report
