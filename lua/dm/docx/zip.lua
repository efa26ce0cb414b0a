-- The parts of zip archives (APPNOTE 6.3, https://pkware.com/appnote) whose files are stored as they are: how a library
-- compresses differs with its version, and the same files are to make the same archive. Parts are structs, not strings:
-- LuaJIT's hash of strings looks at few places of a long one, those in which two headers are the same.
local ffi = require "ffi"

local M = {}

-- What both headers of a file have. All numbers begin with their least byte, as our processors keep them.
local COMMON = [[uint16_t version, flags, method, time, date; uint32_t crc, stored, size; uint16_t name, extra;]]
local VERSION, FIRST_DAY = 20, 33 -- 2.0, 1980-01-01

---A function that makes a part of its numbers and returns its bytes, borrowed until the next one is made.
---@param fields string
---@return fun(...: integer): ffi.cdata*, integer
local function part(fields)
  local make = ffi.typeof("struct __attribute__((packed)) { uint32_t signature; " .. fields .. " }")
  local last, size = make(), ffi.sizeof(make)
  local base = ffi.cast("const char *", last)
  return function(...)
    ffi.copy(last, make(...), size)
    return base, size
  end
end

local header = part(COMMON)
local entry = part("uint16_t made_by;" .. COMMON .. "uint16_t comment, disk, kind; uint32_t attributes, at;")
local ending = part "uint16_t disk, first_disk, files_here, files; uint32_t size, at; uint16_t comment;"

---@class dm.ZipFile
---@field name string in ASCII
---@field size integer bytes
---@field crc integer their checksum

---What stands before a file's bytes, but for its name, which follows.
---@param file dm.ZipFile
---@return ffi.cdata* p
---@return integer n
function M.header(file)
  return header(0x04034b50, VERSION, 0, 0, 0, FIRST_DAY, file.crc, file.size, file.size, #file.name, 0)
end

---The same at the end of the archive.
---@param file dm.ZipFile
---@param at integer where its header is
---@return ffi.cdata* p
---@return integer n
function M.entry(file, at)
  return entry(0x02014b50, VERSION, VERSION, 0, 0, 0, FIRST_DAY, file.crc, file.size, file.size, #file.name, 0,
    0, 0, 0, 0, at)
end

---The end.
---@param files integer
---@param size integer bytes of the entries with their names
---@param at integer where the first one is
---@return ffi.cdata* p
---@return integer n
function M.ending(files, size, at)
  return ending(0x06054b50, 0, 0, files, files, size, at, 0)
end

return M
