-- luacheck: std +love
function love.conf(t)
  t.identity = "molt-sheep"
  t.version = "11.4"
  t.window.title = "Molt: a thousand sheep"
  t.window.width, t.window.height = 800, 600
  t.modules.audio, t.modules.sound, t.modules.physics = false, false, false
end
