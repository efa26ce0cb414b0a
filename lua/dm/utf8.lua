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

---How many bytes a character takes whose first one is b, and the least and the greatest second byte; nil: none begins
---with it.
local function expected(b)
  if b < 0xC2 or b > 0xF4 then return nil end
  local n = b < 0xE0 and 2 or b < 0xF0 and 3 or 4
  return n, b == 0xE0 and 0xA0 or b == 0xF0 and 0x90 or 0x80, b == 0xED and 0x9F or b == 0xF4 and 0x8F or 0xBF
end

---How many bytes that are not UTF-8 Python takes for one fault, and its name for that.
---@param s string
---@param at integer from 0
---@return integer bytes
---@return string why
function M.fault(s, at)
  local n, least, most = expected(s:byte(at + 1))
  if not n then return 1, "invalid start byte" end
  local size = 1
  while size < n do
    local b = s:byte(at + size + 1)
    if not b then return size, "unexpected end of data" end
    if b < (size == 1 and least or 0x80) or b > (size == 1 and most or 0xBF) then break end
    size = size + 1
  end
  return size, "invalid continuation byte"
end

---The text with U+FFFD in the place of each fault, as Python replaces them.
---@param text string
---@return string
function M.replaced(text)
  local at, parts, p = 0, {}, ffi.cast("const char *", text)
  while at < #text do
    local good = tonumber(C.dm_utf8_check(p + at, #text - at))
    parts[#parts + 1] = text:sub(at + 1, at + good)
    at = at + good
    if at < #text then
      parts[#parts + 1] = "\239\191\189"
      at = at + (M.fault(text, at))
    end
  end
  return table.concat(parts)
end

return M
