-- molt.wrap: the functions that before, after and around put in a method's place.
--
-- Each calls `following`, which finds what is beneath it. They hold no state, so
-- an error passes through, and a coroutine may yield in any of them.

local select, unpack = select, unpack

local wrap = {}

function wrap.around(fn, following)
  return function(...) return fn(following, ...) end
end

function wrap.before(fn, following)
  return function(...)
    fn(...)
    return following(...)
  end
end

-- `fn` gets the arguments, the caller the results: few arguments need no table.
local function after_0(fn, self, ...)
  fn(self)
  return ...
end

local function after_1(fn, self, a, ...)
  fn(self, a)
  return ...
end

local function after_2(fn, self, a, b, ...)
  fn(self, a, b)
  return ...
end

local function after_all(fn, arguments, ...)
  fn(unpack(arguments, 1, arguments.n))
  return ...
end

function wrap.after(fn, following)
  return function(self, ...)
    local n, a, b = select("#", ...), ...
    if n == 0 then return after_0(fn, self, following(self)) end
    if n == 1 then return after_1(fn, self, a, following(self, a)) end
    if n == 2 then return after_2(fn, self, a, b, following(self, a, b)) end
    return after_all(fn, { n = n + 1, self, ... }, following(self, ...))
  end
end

-- An override that lies on other patches: it calls none of them.
function wrap.override(fn)
  return function(...) return fn(...) end
end

return wrap
