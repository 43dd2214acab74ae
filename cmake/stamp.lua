-- stamp.lua FILE…: writes the length and the checksum of a native module's file into
-- its note, so that a file that was damaged on its way is refused before any of its
-- code runs (core/src/stamp.h). After linking, and again after whatever changes the
-- file: strip, objcopy, patchelf.

local bit = require "bit"
local ffi = require "ffi"

ffi.cdef [[
typedef struct { uint8_t ident[16]; uint16_t type, machine; uint32_t version; uint64_t entry, phoff, shoff;
  uint32_t flags; uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx; } stamp_header;
typedef struct { uint32_t type, flags; uint64_t offset, vaddr, paddr, filesz, memsz, align; } stamp_segment;
typedef struct { uint32_t name_size, content_size, type; } stamp_note;
]]

local PT_NOTE, STAMP_SIZE = 4, 16
local STAMP_PLACE = 4          -- in the note's content: after `abi`

local function fail(file, text)
  io.stderr:write(("stamp: %s: %s\n"):format(file, text))
  os.exit(1)
end

-- Where in the file the module's stamp is, or nil.
local function find_in(bytes, length, segment)
  local at, last = tonumber(segment.offset), tonumber(segment.offset + segment.filesz)
  local align = segment.align == 8 and 8 or 4
  local function up(size) return math.ceil(size / align) * align end
  while at + ffi.sizeof("stamp_note") <= last and last <= length do
    local note = ffi.cast("const stamp_note *", bytes + at)
    local content = at + up(ffi.sizeof("stamp_note") + note.name_size)
    if content + note.content_size > last then return nil end
    local owner = ffi.string(bytes + at + ffi.sizeof("stamp_note"), note.name_size)
    if owner == "Molt\0" and note.content_size >= STAMP_PLACE + STAMP_SIZE then return content + STAMP_PLACE end
    at = content + up(note.content_size)
  end
end

local function find(bytes, length)
  if length < ffi.sizeof("stamp_header") then return nil end
  local header = ffi.cast("const stamp_header *", bytes)
  if ffi.string(bytes, 5) ~= "\127ELF\2" then return nil end
  for i = 0, header.phnum - 1 do
    local at = tonumber(header.phoff) + i * header.phentsize
    if at + ffi.sizeof("stamp_segment") > length then return nil end
    local segment = ffi.cast("const stamp_segment *", bytes + at)
    local place = segment.type == PT_NOTE and find_in(bytes, length, segment)
    if place then return place end
  end
end

-- core/src/checksum.c, of bytes in which the stamp is zero already.
local function checksum(bytes, length)
  local factor = 0x9E3779B97F4A7C15ULL
  local function mix(sum, word)
    sum = bit.bxor(sum, word) * factor
    return bit.bxor(sum, bit.rshift(sum, 32))
  end
  local words = ffi.new("uint64_t[?]", math.ceil(length / 32) * 4)
  ffi.copy(words, bytes, length)
  local a, b, c, d = 1ULL, 2ULL, 3ULL, 4ULL
  for i = 0, math.ceil(length / 32) * 4 - 1, 4 do
    a, b, c, d = mix(a, words[i]), mix(b, words[i + 1]), mix(c, words[i + 2]), mix(d, words[i + 3])
  end
  return mix(mix(mix(mix(length * factor, a), b), c), d)
end

local function stamp(file)
  local stream = io.open(file, "r+b")
  local text = stream and stream:read("*a")
  if not text then fail(file, "cannot be read and written") end
  local bytes = ffi.new("uint8_t[?]", #text + 1)
  ffi.copy(bytes, text, #text)
  local place = find(bytes, #text)
  if not place then fail(file, "no native module: it has no MOLT_MODULE") end
  ffi.fill(bytes + place, STAMP_SIZE)
  local words = ffi.new("uint64_t[2]", #text)
  words[1] = checksum(bytes, #text)
  stream:seek("set", place)
  if not stream:write(ffi.string(words, STAMP_SIZE)) or not stream:close() then fail(file, "cannot be written") end
end

if not arg[1] then fail("which file?", "luajit stamp.lua FILE…") end
for i = 1, #arg do stamp(arg[i]) end
