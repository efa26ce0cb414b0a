-- Characters by their codes.
local M = {}

---A code point as UTF-8; nil where there is none.
---@param c integer
---@return string?
function M.char(c)
  if c < 0x80 then return string.char(c) end
  if c < 0x800 then return string.char(0xC0 + math.floor(c / 64), 0x80 + c % 64) end
  if c > 0x10FFFF or (c >= 0xD800 and c < 0xE000) then return nil end
  local tail = string.char(0x80 + math.floor(c / 64) % 64, 0x80 + c % 64)
  if c < 0x10000 then return string.char(0xE0 + math.floor(c / 4096)) .. tail end
  return string.char(0xF0 + math.floor(c / 262144), 0x80 + math.floor(c / 4096) % 64) .. tail
end

return M
