-- UTF-8: characters by their codes, and texts that may hold what is none, such as paths and rows that are not valid.
local ffi = require "ffi"

local C = ffi.C

local M = {}

---A code point in the way of UTF-8, surrogates too: Python's strings have them, and can not be written with them.
---@param c integer
---@return string
function M.encode(c)
  if c < 0x80 then return string.char(c) end
  if c < 0x800 then return string.char(0xC0 + math.floor(c / 64), 0x80 + c % 64) end
  local tail = string.char(0x80 + math.floor(c / 64) % 64, 0x80 + c % 64)
  if c < 0x10000 then return string.char(0xE0 + math.floor(c / 4096)) .. tail end
  return string.char(0xF0 + math.floor(c / 262144), 0x80 + math.floor(c / 4096) % 64) .. tail
end

---A code point as UTF-8; nil where there is none.
---@param c integer
---@return string?
function M.char(c)
  if c > 0x10FFFF or (c >= 0xD800 and c < 0xE000) then return nil end
  return M.encode(c)
end

local HEX_DIGITS = { x = 2, u = 4, U = 8 }

---Reads \x41, \u0041 or \U00000041 as Python does.
---@param s string
---@param at integer byte of the letter behind the backslash
---@return boolean is_one whether the letter is one of those
---@return string? character nil: what follows is the code of none
---@return integer? behind the byte after it
function M.escaped(s, at)
  local digits = HEX_DIGITS[s:sub(at, at)]
  if not digits then return false end
  local hex = s:match("^" .. ("%x"):rep(digits), at + 1)
  local char = hex and M.char(tonumber(hex, 16))
  return true, char, char and at + 1 + digits
end

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
