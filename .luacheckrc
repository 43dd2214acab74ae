std = "luajit"
cache = false
max_line_length = 120
exclude_files = { "build" }

-- Molt sets no global, anywhere: everything hangs off the module it returns.
allow_defined = false
allow_defined_top = false

-- Methods need not use their object, in tests.
-- Expected messages are long, and better in one piece.
files["tests/lua"] = { std = "+busted", self = false, max_line_length = 150 }
files["**/*_spec.lua"] = { std = "+busted", self = false, max_line_length = 150 }
