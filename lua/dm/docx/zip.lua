-- The parts of zip archives (APPNOTE 6.3, https://pkware.com/appnote) whose files are stored as they are: how a library
-- compresses differs with its version, and the same files are to make the same archive.
local M = {}

local function u16(n) return string.char(n % 256, math.floor(n / 256) % 256) end
local function u32(n) return u16(n % 65536) .. u16(math.floor(n / 65536)) end

local VERSION, NONE = u16(20), u16(0)
local FIRST_DAY = u16(0) .. u16(33) -- 1980-01-01

---@class dm.ZipFile
---@field name string in ASCII
---@field size integer bytes
---@field crc integer their checksum

---What both headers of a file have: flags, method, time, checksum, sizes, length of the name and of what follows it.
local function common(file)
  local size = u32(file.size)
  return NONE .. NONE .. FIRST_DAY .. u32(file.crc) .. size .. size .. u16(#file.name) .. NONE
end

---What stands before a file's bytes.
---@param file dm.ZipFile
---@return string
function M.header(file)
  return "PK\3\4" .. VERSION .. common(file) .. file.name
end

---What stands at the end of an archive of these files, in their order.
---@param files dm.ZipFile[]
---@return string
function M.directory(files)
  local list, at = {}, 0
  for i, file in ipairs(files) do
    -- length of the comment, disk, attributes, place
    list[i] = "PK\1\2" .. VERSION .. VERSION .. common(file) .. NONE .. NONE .. NONE .. u32(0) .. u32(at) .. file.name
    at = at + #M.header(file) + file.size
  end
  local entries, count = table.concat(list), u16(#files)
  return entries .. "PK\5\6" .. NONE .. NONE .. count .. count .. u32(#entries) .. u32(at) .. NONE
end

return M
