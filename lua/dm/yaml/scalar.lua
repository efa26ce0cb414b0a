-- What a scalar without quotes stands for in YAML 1.1, as PyYAML reads it: `yes` is true, 010 is eight, 1:30 is
-- ninety, and 1e5 is text, since a number with an exponent needs a dot and a sign. jsonargparse, with which
-- Data-Juicer reads its recipes, takes 1e5 for a number.
local null = require("dm.sample").null

local M = {}

local NULLS = { [""] = true, ["~"] = true, null = true, Null = true, NULL = true }

local BOOLEANS = {}
for word, value in pairs { yes = true, no = false, ["true"] = true, ["false"] = false, on = true, off = false } do
  BOOLEANS[word], BOOLEANS[word:upper()] = value, value
  BOOLEANS[word:sub(1, 1):upper() .. word:sub(2)] = value
end

---Digits of a base, with "_" between them as one likes.
local function digits(text, base)
  return tonumber((text:gsub("_", "")), base)
end

---"1:30:05" and "1:30.5": minutes and seconds, hours too.
local function sexagesimal(text)
  local first, rest, fraction = text:match "^(%d[%d_]*)([:%d]+)(%.?[%d_]*)$"
  if not first then return nil end
  local value, left = digits(first, 10), rest
  while left ~= "" do
    local part, behind = left:match "^:([0-5]?%d)(.*)$"
    if not part then return nil end
    value, left = value * 60 + tonumber(part), behind
  end
  if fraction == "" then return first:sub(1, 1) ~= "0" and value or nil end
  return value + (tonumber("0" .. fraction:gsub("_", "")) or 0)
end

---@param text string without its sign
local function integer(text)
  local binary, hex = text:match "^0b([01_]+)$", text:match "^0x([%x_]+)$"
  if binary then return digits(binary, 2) end
  if hex then return digits(hex, 16) end
  if text:find "^0[0-7_]+$" then return digits(text, 8) end
  if text == "0" or text:find "^[1-9][%d_]*$" then return digits(text, 10) end
end

---@param text string without its sign
---@param exponents boolean? as jsonargparse: the exponent's sign may be missing, and the dot too
local function float(text, exponents)
  local whole, exponent = text, ""
  local at = text:find "[eE]"
  if at then
    whole, exponent = text:sub(1, at - 1), text:sub(at)
    if not exponent:find(exponents and "^.[-+]?%d+$" or "^.[-+]%d+$") then return nil end
  end
  local fits = whole:find "^%d[%d_]*%.[%d_]*$" or whole:find "^%.%d[%d_]*$"
    or exponents and at and whole:find "^%d[%d_]*$"
  return fits and tonumber((whole:gsub("_", "")) .. exponent) or nil
end

local function number(text, exponents)
  local sign, rest = text:match "^([-+]?)(.*)$"
  if sign ~= "" and rest:find "^%.%d" then return nil end -- .5 is a number, -.5 is text
  local value = float(rest, exponents) or integer(rest) or sexagesimal(rest)
  if rest == ".inf" or rest == ".Inf" or rest == ".INF" then value = math.huge end
  if text == ".nan" or text == ".NaN" or text == ".NAN" then value = 0 / 0 end
  if sign == "-" and value then return -value end
  return value
end

---@param text string as it stands, without quotes
---@param exponents boolean? whether 1e5 is a number
---@return any string, number, boolean or dm.null
function M.implicit(text, exponents)
  if NULLS[text] then return null end
  if BOOLEANS[text] ~= nil then return BOOLEANS[text] end
  local value = text:find "^[-+.%d]" and number(text, exponents)
  return value or text
end

local PREFIX = "tag:yaml.org,2002:"

---A scalar with a tag, such as `!!str 5`.
---@param text string
---@param tag string
---@return any value nil when it is no such thing
function M.explicit(text, tag)
  local name = tag:sub(1, #PREFIX) == PREFIX and tag:sub(#PREFIX + 1) or tag
  if name == "str" or name == "!" then return text end
  local value = M.implicit(text, true)
  if name == "null" and value == null or name == "bool" and type(value) == "boolean" then return value end
  if name == "float" and type(value) == "number" then return value end
  if name == "int" and type(value) == "number" and value % 1 == 0 then return value end
end

return M
