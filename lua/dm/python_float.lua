-- Numbers as Python's float() reads them.
local text = require "dm.text"

local WORDS = { inf = math.huge, infinity = math.huge, nan = 0 / 0 }

---A run of digits, in which single underscores may stand between digits.
local function digits(s)
  if s:find "^_" or s:find "_$" or s:find("__", 1, true) then return nil end
  return (s:gsub("_", ""))
end

---@param s string
---@return number? nil when it is none; digits of other scripts than ASCII are not read
return function(s)
  if s:find "[\28-\31]" then return nil end -- white space for str.strip, not for float
  s = text.strip(s)
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
