-- Classes of code points, to remove from a text or to keep alone.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local C = ffi.C

---@class dm.CharClass
---@field set ffi.cdata*
local CharClass = {}
CharClass.__index = CharClass

---The code point of a character's bytes.
local function code_point(char)
  local first = char:byte()
  if first < 0x80 then return first end
  local c = first % (first < 0xE0 and 0x20 or first < 0xF0 and 0x10 or 0x08)
  for i = 2, #char do c = c * 64 + char:byte(i) % 64 end
  return c
end

---The class of all characters of a text.
---@param chars string
---@param ranges integer[][]? first and last code point of each
---@return dm.CharClass
local function charclass(chars, ranges)
  local set = C.dm_charclass_create()
  if set == nil then error("memory ran short", 0) end
  for char in chars:gmatch "[^\128-\191][\128-\191]*" do
    local c = code_point(char)
    C.dm_charclass_add(set, c, c)
  end
  for _, range in ipairs(ranges or {}) do C.dm_charclass_add(set, range[1], range[2]) end
  return setmetatable({ set = ffi.gc(set, C.dm_charclass_destroy) }, CharClass)
end

---The text without the characters of the set.
---@param s string
---@return string
function CharClass:remove(s)
  return kernel.result(C.dm_charclass_remove(self.set, s, #s, 0, kernel.out), s)
end

---The characters of the text that are in the set.
---@param s string
---@return string
function CharClass:keep(s)
  return kernel.result(C.dm_charclass_remove(self.set, s, #s, 1, kernel.out), s)
end

return charclass
