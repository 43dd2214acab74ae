-- Calls from C: peers/host.c.

return {
  section = "calls from C",
  { name = "by trait handle", bar = 1.1, peer = "C++ virtual call", host = "handle" },
  { name = "by object, with a cast", bar = 1.0, peer = "GObject interface call", host = "object" },
}
