-- Text that may hold anything, such as paths and rows that are not valid, for who takes UTF-8 only.
local ffi = require "ffi"

local C = ffi.C

local M = {}

---The text with "?" in the place of each byte that is not UTF-8.
---@param text string
---@return string
function M.clean(text)
  local at, parts, p = 0, {}, ffi.cast("const char *", text)
  local good = tonumber(C.dm_utf8_check(p, #text))
  if good == #text then return text end
  while at + good < #text do
    parts[#parts + 1] = text:sub(at + 1, at + good) .. "?"
    at = at + good + 1
    good = tonumber(C.dm_utf8_check(p + at, #text - at))
  end
  return table.concat(parts) .. text:sub(at + 1)
end

return M
