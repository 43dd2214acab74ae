-- molt.room: empty places in an object's table.
--
-- Compiled code looks for a name at the place in a table's hash where it found it,
-- and for the absence of one at the place where it found none: a key without a
-- value. A name that has no place is searched for at each access. So where a table
-- has a hash part at all, the names that are looked up in it and are not there
-- (typed fields, methods of the shape) get places too.

local room = {}

local rawget, rawset = rawget, rawset

-- The names of methods, sorted: constant keys, as far as they are short.
local function method_names(methods)
  local names, iterate = {}, next
  for name in iterate, methods do
    if #name < 40 then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- The names of the typed fields, and, since the size of a hash part is a power of
-- two, of as many methods as fit beside them and `count` others. None for objects of
-- so many fields that it would not pay.
function room.names(typed, methods, count)
  local names = {}
  if count + #typed > 24 then return names end
  for i = 1, #typed do names[i] = typed[i] end
  local free = 2 ^ math.ceil(math.log(count + #typed) / math.log(2)) - count - #typed
  if free == 0 then return names end
  for i, name in ipairs(method_names(methods)) do
    if i > free then break end
    names[#names + 1] = name
  end
  return names
end

-- The same for an object of the shape that has `count` names. Kept, since what is
-- allocated here would lie between one object's hash part and the next one's.
local function names_beside(shape, count)
  local names = shape.room[count]
  if not names then
    local typed = {}
    for i = 1, #shape.fields do typed[i] = shape.fields[i].name end
    names = room.names(typed, shape.methods, count)
    shape.room[count] = names
  end
  return names
end

local PLACE = {}

-- The names for an object, by how many it has of its own.
local function names_for(o, shape)
  local count, iterate = 0, next
  for k in iterate, o do
    if type(k) == "string" then count = count + 1 end
  end
  return names_beside(shape, count)
end

local function fill(o, names)
  for i = 1, #names do
    if rawget(o, names[i]) == nil then rawset(o, names[i], PLACE) end
  end
end

-- The object's table has a hash part since it was given a name of its own: it gets
-- places, as one that is born with room has. Allocates nothing that could run a
-- finalizer while they are filled; without memory for places, there are none.
function room.give(o, shape)
  local known, names = pcall(names_for, o, shape)
  if not known then return end
  pcall(fill, o, names)
  for i = 1, #names do
    if rawget(o, names[i]) == PLACE then rawset(o, names[i], nil) end
  end
end

return room
