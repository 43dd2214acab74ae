-- Running commands in a folder of their own, with what a user of molt would have.

local helper = require "helper"

local shell = {}

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end
shell.quoted = quoted

function shell.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  assert(file:close())
end

function shell.new_folder()
  local pipe = assert(io.popen("mktemp -d"))
  local folder = pipe:read("*l")
  pipe:close()
  return folder
end

function shell.remove_folder(folder)
  assert(folder:find("^/tmp/") or folder:find("/tmp%."))
  os.execute("rm -rf " .. quoted(folder))
end

-- Where molt.so, the modules and the command are, for a process of its own. Where
-- the collector is under stress, it is there too.
local function environment()
  local hard = 'collectgarbage("setpause", 0) collectgarbage("setstepmul", 10000)'
  return ("LUA_CPATH=%s MOLT_PATH=%s MOLT_COMMAND=%s %s"):format(quoted(helper.build_dir .. "/lib/?.so;;"),
    quoted(helper.build_dir .. "/natives"), quoted(helper.source_dir .. "/molt"),
    helper.stress and "LUA_INIT=" .. quoted(hard) or "")
end

-- Runs a shell command: its exit status, standard output, standard error.
function shell.run(command, folder)
  local place = shell.new_folder()
  local status = os.execute(("cd %s && { export %s; %s\n} >%s/out 2>%s/err </dev/null"):format(quoted(folder),
    environment(), command, place, place))
  local out, err = shell.read(place .. "/out"), shell.read(place .. "/err")
  shell.remove_folder(place)
  return status == true and 0 or math.floor(status / 256), out, err
end

-- Is this the run of the suite for what does not depend on how Lua runs?
shell.once = helper.lua == "luajit" and not helper.stress

-- Was the build made with the sanitizers? Then what links against it needs them.
function shell.sanitized()
  local file = io.open(helper.build_dir .. "/CMakeCache.txt")
  if not file then return false end
  local text = file:read("*a")
  file:close()
  return text:find("MOLT_SANITIZE:STRING=ON", 1, true) ~= nil
end

return shell
