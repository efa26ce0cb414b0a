-- Cuts a condition in Python's notation into tokens: names, numbers, strings and signs.
local bigint = require "dm.sample.bigint"
local utf8 = require "dm.utf8"

local M = {}

---@class dm.Token
---@field kind "name"|"constant"|"sign"|"end"
---@field value any of a constant; nil stands for None
---@field text string as it is written
---@field at integer byte where it begins

local ESCAPES = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v",
  ["\\"] = "\\", ["'"] = "'", ['"'] = '"', ["\n"] = "" }

local function fail(text, at, what)
  error(("column %d of %q: %s"):format(at, text, what), 0)
end

---Reads what stands behind a backslash at `at`; returns it and the place behind it.
local function read_escape(text, at)
  local c = text:sub(at, at)
  if ESCAPES[c] then return ESCAPES[c], at + 1 end
  local octal = text:match("^[0-7][0-7]?[0-7]?", at)
  if octal then return utf8.char(tonumber(octal, 8)), at + #octal end
  local is_code, char, behind = utf8.escaped(text, at)
  if not is_code then return "\\" .. c, at + 1 end
  if not char then fail(text, at, "\\" .. c .. " needs the code of a character") end
  return char, behind
end

---Reads the string whose quote begins at `at`; returns its content and the place behind it.
local function read_string(text, at, raw)
  local start = at
  local quote = text:match("^'''", at) or text:match('^"""', at) or text:sub(at, at)
  local parts = {}
  at = at + #quote
  while text:sub(at, at + #quote - 1) ~= quote do
    local c = text:sub(at, at)
    if c == "" or (c == "\n" and #quote == 1) then fail(text, start, "the string does not end") end
    if c ~= "\\" then
      parts[#parts + 1], at = c, at + 1
    elseif raw then
      parts[#parts + 1], at = text:sub(at, at + 1), at + 2
    else
      parts[#parts + 1], at = read_escape(text, at + 1)
    end
  end
  return table.concat(parts), at + #quote
end

local RADIX = { x = 16, o = 8, b = 2 }

---Reads the number at `at`; returns its value and the place behind it.
local function read_number(text, at)
  local kind, digits = text:match("^0([xXoObB])([%x_]+)", at)
  if kind then
    return tonumber((digits:gsub("_", "")), RADIX[kind:lower()]), at + 2 + #digits
  end
  local number = text:match("^[%d_]*%.?[%d_]*", at)
  number = number .. (text:match("^[eE][+-]?[%d_]+", at + #number) or "")
  local plain = number:gsub("_", "")
  local value = tonumber(plain)
  if value and value >= 2 ^ 53 and plain:find "^%d+$" and plain ~= "9007199254740992" then
    value = bigint.new(plain, #plain)
  end
  return value, at + #number
end

local CONSTANTS = { ["True"] = true, ["False"] = false } -- and None, which is nil

---Reads a name, or the string of which it is the prefix.
local function read_name(text, at)
  local name = text:match("^[%a_\128-\255][%w_\128-\255]*", at)
  local quoted = text:find("^['\"]", at + #name) and name:lower()
  if quoted == "r" or quoted == "u" then
    local value, behind = read_string(text, at + 1, quoted == "r")
    return { kind = "constant", value = value }, behind
  end
  if quoted then fail(text, at, "strings with the prefix " .. name .. " are not supported") end
  if CONSTANTS[name] == nil and name ~= "None" then return { kind = "name" }, at + #name end
  return { kind = "constant", value = CONSTANTS[name] }, at + #name
end

local function read_token(text, at)
  local value, behind
  if text:find("^[%a_\128-\255]", at) then return read_name(text, at) end
  if text:find("^%.?%d", at) then
    value, behind = read_number(text, at)
    if value == nil or text:find("^[%w_]", behind) then fail(text, at, "this is no number") end
    return { kind = "constant", value = value }, behind
  end
  if text:find("^['\"]", at) then
    value, behind = read_string(text, at, false)
    return { kind = "constant", value = value }, behind
  end
  local sign = text:match("^[<>=!]=", at) or text:match("^[<>().]", at)
  if not sign then
    fail(text, at, ('"%s" is not supported'):format(text:match("^[^\128-\191]?[\128-\191]*", at)))
  end
  return { kind = "sign" }, at + #sign
end

---The tokens of a condition; the last is of kind "end". Raises a message with the column.
---@param text string
---@return dm.Token[]
function M.tokens(text)
  local list, at = {}, text:match "^%s*()"
  while at <= #text do
    local token, behind = read_token(text, at)
    token.at, token.text = at, text:sub(at, behind - 1)
    list[#list + 1] = token
    at = text:match("^%s*()", behind)
  end
  list[#list + 1] = { kind = "end", at = at, text = "the end" }
  return list
end

M.fail = fail

return M
