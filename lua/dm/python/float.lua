-- Numbers as Python's float() reads them.
local text = require "dm.text"

local WORDS = { inf = math.huge, infinity = math.huge, nan = 0 / 0 }

---A run of digits, in which single underscores may stand between digits.
local function digits(s)
  if s:find "^_" or s:find "_$" or s:find("__", 1, true) then return nil end
  return (s:gsub("_", ""))
end

local DIGIT = text.regex "\\d"

---Digits of all scripts as those of ASCII. A script has its ten in order, and they differ in the last byte only; those
---of several may follow each other.
local function ascii_digits(s)
  if not s:find "[\128-\255]" then return s end
  return (s:gsub("([\194-\244][\128-\191]*)([\128-\191])", function(lead, last)
    local byte, before = last:byte(), 0
    if not DIGIT:find(lead .. last) then return lead .. last end
    while byte - before > 0x80 and DIGIT:find(lead .. string.char(byte - before - 1)) do before = before + 1 end
    return tostring(before % 10)
  end))
end

---@param s string
---@return number? nil when it is none
return function(s)
  if s:find "[\28-\31]" then return nil end -- white space for str.strip, not for float
  s = ascii_digits(text.strip(s))
  local sign, rest = s:match "^([+-]?)(.*)$"
  local value = WORDS[rest:lower()]
  if not value then
    local whole, fraction, exponent = rest:match "^([%d_]*)(%.?[%d_]*)(.*)$"
    if not (whole .. fraction):find "%d" or not (exponent == "" or exponent:find "^[eE][+-]?%d[%d_]*$") then
      return nil
    end
    whole, fraction, exponent = digits(whole), digits(fraction:sub(2)), digits(exponent)
    if not (whole and fraction and exponent) then return nil end
    value = tonumber(("%s.%s%s"):format(whole == "" and "0" or whole, fraction, exponent))
  end
  return value and (sign == "-" and -value or value)
end
