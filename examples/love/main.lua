-- A thousand sheep that steer in C, in a host that knows nothing of Molt.
--
--     love examples/love                  the sheep run from the mouse; R reloads the module
--     love examples/love --frames 300     300 frames of 1/60 s, a fixed wolf, a line of result
--
-- Molt is a module like any other: LÖVE needs `molt.so` in package.cpath and the
-- native module in molt.path.

-- luacheck: std +love

local tree = love.filesystem.getSource() .. "/../.."
package.cpath = package.cpath .. ";" .. tree .. "/build/lib/?.so"
local molt = require "molt"
molt.path = molt.path .. ":" .. tree .. "/build/natives"

local steering = assert(molt.load "steering")
local Sheep = molt.class("Sheep", { steering.Steering })

local width, height = 800, 600
local flock, wolf = {}, { x = width / 2, y = height / 2 }
local frames, last                       -- drawn so far, and when to stop

function Sheep:think()
  local dx, dy = self.x - wolf.x, self.y - wolf.y
  if dx * dx + dy * dy < 120 * 120 then self:flee(wolf.x, wolf.y) else self:wander(0.4) end
  if self.x < 20 or self.x > width - 20 or self.y < 20 or self.y > height - 20 then
    self:seek(width / 2, height / 2)
  end
end

-- Nobody is there to close LÖVE's blue screen.
local function fail(message)
  io.stderr:write(message, "\n")
  return function() return 1 end
end

function love.load(arguments)
  if arguments[1] == "--frames" then
    love.errorhandler = fail
    last = assert(tonumber(arguments[2]), "how many frames?")
  end
  frames = 0
  for i = 1, 1000 do
    local angle = i * 2.399963                 -- the golden one: spread like seeds of a sunflower
    local radius = 9 * math.sqrt(i)
    flock[i] = Sheep { x = width / 2 + radius * math.cos(angle), y = height / 2 + radius * math.sin(angle),
      heading = angle, seed = i, max_speed = 60 }
  end
end

function love.update(dt)
  if last then dt = 1 / 60 else wolf.x, wolf.y = love.mouse.getPosition() end
  for _, sheep in ipairs(flock) do
    sheep:think()
    sheep:update(dt)
  end
  molt.tick()
end

-- After the last frame of --frames: what became of them. $MOLT_SCREENSHOT names a file for the picture.
local function finish(picture)
  local near = 0
  for _, sheep in ipairs(flock) do
    if (sheep.x - wolf.x) ^ 2 + (sheep.y - wolf.y) ^ 2 < 100 * 100 then near = near + 1 end
  end
  local file = os.getenv "MOLT_SCREENSHOT"
  if file then
    file = assert(io.open(file, "wb"))
    file:write(picture:encode("png"):getString())
    file:close()
  end
  print(("love ok: %d sheep, %d frames, %d near the wolf"):format(molt.count(Sheep), frames, near))
  love.event.quit()
end

function love.draw()
  love.graphics.clear(0.16, 0.30, 0.18)
  love.graphics.setColor(0.94, 0.93, 0.88)
  for _, sheep in ipairs(flock) do love.graphics.circle("fill", sheep.x, sheep.y, 3) end
  love.graphics.setColor(0.75, 0.25, 0.20)
  love.graphics.circle("fill", wolf.x, wolf.y, 7)
  frames = frames + 1
  if frames == last then love.graphics.captureScreenshot(finish) end
end

function love.keypressed(key)
  if key == "r" then
    local report, err = steering:reload()
    print(err or ("steering: generation %d, %d slots changed"):format(report.to, report.slots))
  end
  if key == "escape" then love.event.quit() end
end

--[[ --frames 300
love ok: 1000 sheep, 300 frames, 0 near the wolf
]]
