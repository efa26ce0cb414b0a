-- Writes zip archives (APPNOTE 6.3, https://pkware.com/appnote). Files are stored as they are: how a library compresses
-- differs with its version, and the same files are to make the same archive.
local ffi = require "ffi"
local C = ffi.C

local M = {}

local function u16(n) return string.char(n % 256, math.floor(n / 256) % 256) end
local function u32(n) return u16(n % 65536) .. u16(math.floor(n / 65536)) end

local VERSION, NONE = u16(20), u16(0)
local FIRST_DAY = u16(0) .. u16(33) -- 1980-01-01

---An archive of files.
---@param files { name: string, text: string }[] names in ASCII
---@return string
function M.write(files)
  local parts, directory, at = {}, {}, 0 -- files may be large: they are put together once
  for i, file in ipairs(files) do
    local name, size = file.name, u32(#file.text)
    -- flags, method, time, checksum, sizes, length of the name and of what follows it
    local crc = u32(C.dm_crc32(file.text, #file.text))
    local head = NONE .. NONE .. FIRST_DAY .. crc .. size .. size .. u16(#name) .. NONE
    local before = "PK\3\4" .. VERSION .. head .. name
    parts[#parts + 1], parts[#parts + 2] = before, file.text
    -- length of the comment, disk, attributes, place
    directory[i] = "PK\1\2" .. VERSION .. VERSION .. head .. NONE .. NONE .. NONE .. u32(0) .. u32(at) .. name
    at = at + #before + #file.text
  end
  local list, count = table.concat(directory), u16(#files)
  parts[#parts + 1] = list .. "PK\5\6" .. NONE .. NONE .. count .. count .. u32(#list) .. u32(at) .. NONE
  return table.concat(parts)
end

return M
