-- JSON strings for what the bench scripts write.
local ffi = require "ffi"
local C = ffi.C

local M = {}
local buffer, err = ffi.new "struct dm_buf", ffi.new "struct dm_error"

---@param text string
---@return string? quoted; nil when the text is not UTF-8
function M.quote(text)
  buffer.n = 0
  if C.dm_json_add_string(buffer, text, #text, err) < 0 then return nil end
  return ffi.string(buffer.p, buffer.n)
end

local function code_point(c)
  local a, b, d, e = c:byte(1, 4)
  if a < 0xE0 then return (a - 0xC0) * 64 + b - 128 end
  if a < 0xF0 then return (a - 0xE0) * 4096 + (b - 128) * 64 + d - 128 end
  return (a - 0xF0) * 262144 + (b - 128) * 4096 + (d - 128) * 64 + e - 128
end

local function escape(c)
  local point = code_point(c)
  if point < 0x10000 then return ("\\u%04x"):format(point) end
  point = point - 0x10000
  return ("\\u%04x\\u%04x"):format(0xD800 + math.floor(point / 1024), 0xDC00 + point % 1024)
end

---The same string with an escape for every code point beyond ASCII.
---@param quoted string
---@return string
function M.escaped(quoted)
  return (quoted:gsub("[\194-\244][\128-\191]+", escape))
end

return M
