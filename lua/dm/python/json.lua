-- JSON as Python's json module reads it, with its messages, and as it and FastAPI write it: clients of DataMate's
-- service know both, and so do DataMate's LLM operators. What a message is about is given back as Python writes it.
local python_repr = require "dm.python.repr"
local utf8 = require "dm.utf8"

local M = {}

---Stands for null.
M.NULL = setmetatable({}, { __tostring = function() return "null" end })

---@class dm.JsonNumber
---@field text string as Python writes it
---@field integer boolean? Python reads an int

---@class dm.JsonObject
---@field keys string[]
---@field values table<string, any>

---@class dm.JsonList
---@field n integer
---@field [integer] any

local Number, Object, List = {}, {}, {}

-- As deep as Python goes in FastAPI before it gives up.
local DEPTH = 966
-- Digits of the longest int that Python reads.
local MOST_DIGITS = 4300

---Why a text is given up on that may be JSON.
M.TOO_DEEP, M.TOO_LONG = "too deep", "an integer of more than 4300 digits"

---What a value is.
---@param v any
---@return "null"|"string"|"boolean"|"number"|"object"|"list"
function M.kind(v)
  if v == M.NULL then return "null" end
  local meta = getmetatable(v)
  if meta == Number then return "number" end
  if meta == Object then return "object" end
  if meta == List then return "list" end
  return type(v)
end

---@class dm.JsonReader
---@field text string
---@field at integer
local Reader = {}
Reader.__index = Reader

---Raises a message of Python's, with the place in characters from 0.
function Reader:fail(what, at)
  error({ what = what, byte = at or self.at }, 0)
end

function Reader:skip()
  self.at = self.text:find("[^ \t\n\r]", self.at) or #self.text + 1
end

local ESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

---The character that an escape at the backslash stands for, and where it ends.
function Reader:escape(at, begin)
  local letter = self.text:sub(at + 1, at + 1)
  if letter == "" then self:fail("Unterminated string starting at", begin) end
  if letter ~= "u" then return ESCAPES[letter] or self:fail("Invalid \\escape", at), at + 2 end
  local hex = self.text:match("^(%x%x%x%x).", at + 2) or self:fail("Invalid \\uXXXX escape", at + 1)
  local c = tonumber(hex, 16)
  local low = c >= 0xD800 and c < 0xDC00 and self.text:match("^\\u([dD][c-fC-F]%x%x).", at + 6)
  if low then return utf8.encode(0x10000 + (c - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00), at + 12 end
  return utf8.encode(c), at + 6
end

function Reader:string()
  local begin, parts, at = self.at, {}, self.at + 1
  while true do
    local stop = self.text:find('["\\%c]', at)
    if not stop then self:fail("Unterminated string starting at", begin) end
    parts[#parts + 1] = self.text:sub(at, stop - 1)
    local c = self.text:byte(stop)
    if c == 0x22 then
      self.at = stop + 1
      return table.concat(parts)
    elseif c == 0x5C then
      parts[#parts + 1], at = self:escape(stop, begin)
    elseif c == 0x7F then
      parts[#parts + 1], at = "\127", stop + 1
    else
      self:fail("Invalid control character at", stop)
    end
  end
end

local function float(x)
  return setmetatable({ text = python_repr(x) }, Number)
end

---A number with a fraction or an exponent, which may be longer than tonumber takes.
local function read_float(text)
  local small = text:find "[eE]%-" or not text:match("^[^eE]*"):find "[1-9]"
  return float(tonumber(text) or tonumber(text:match "^-?" .. (small and 0 or math.huge)))
end

local WORDS = { { "null", M.NULL }, { "true", true }, { "false", false }, { "NaN", float(0 / 0) },
  { "Infinity", float(math.huge) }, { "-Infinity", float(-math.huge) } }

function Reader:scalar()
  for _, word in ipairs(WORDS) do
    if self.text:sub(self.at, self.at + #word[1] - 1) == word[1] then
      self.at = self.at + #word[1]
      return word[2]
    end
  end
  local whole = self.text:match("^-?0", self.at) or self.text:match("^-?[1-9]%d*", self.at)
  if not whole then self:fail "Expecting value" end
  local rest = self.text:match("^%.%d+[eE][+-]?%d+", self.at + #whole) or self.text:match("^%.%d+", self.at + #whole)
    or self.text:match("^[eE][+-]?%d+", self.at + #whole) or ""
  self.at = self.at + #whole + #rest
  if rest ~= "" then return read_float(whole .. rest) end
  if #whole:gsub("-", "") > MOST_DIGITS then self:fail(M.TOO_LONG) end
  return setmetatable({ text = whole == "-0" and "0" or whole, integer = true }, Number)
end

---Reads items up to a closing bracket.
function Reader:items(close, depth, item)
  self.at = self.at + 1
  self:skip()
  if self.text:sub(self.at, self.at) == close then
    self.at = self.at + 1
    return
  end
  while true do
    item(depth)
    self:skip()
    local c = self.text:sub(self.at, self.at)
    if c ~= "," and c ~= close then self:fail "Expecting ',' delimiter" end
    self.at = self.at + 1
    if c == close then return end
    self:skip()
  end
end

function Reader:object(depth)
  local object = setmetatable({ keys = {}, values = {} }, Object)
  self:items("}", depth, function()
    if self.text:sub(self.at, self.at) ~= '"' then self:fail "Expecting property name enclosed in double quotes" end
    local key = self:string()
    self:skip()
    if self.text:sub(self.at, self.at) ~= ":" then self:fail "Expecting ':' delimiter" end
    self.at = self.at + 1
    self:skip()
    local value = self:value(depth + 1)
    if object.values[key] == nil then table.insert(object.keys, key) end
    object.values[key] = value
  end)
  return object
end

function Reader:list(depth)
  local list = setmetatable({ n = 0 }, List)
  self:items("]", depth, function()
    local value = self:value(depth + 1)
    list.n = list.n + 1
    list[list.n] = value
  end)
  return list
end

function Reader:value(depth)
  if depth > DEPTH then self:fail(M.TOO_DEEP) end
  local c = self.text:sub(self.at, self.at)
  if c == '"' then return self:string() end
  if c == "{" then return self:object(depth) end
  if c == "[" then return self:list(depth) end
  return self:scalar()
end

---Reads a text. Gives no value, Python's message (or M.TOO_DEEP or M.TOO_LONG) and its place in characters from 0 when
---it is not JSON.
---@param text string UTF-8
---@return any value
---@return string? message
---@return integer? at
function M.decode(text)
  local reader = setmetatable({ text = text, at = 1 }, Reader)
  local ok, value = pcall(function()
    reader:skip()
    local value = reader:value(0)
    reader:skip()
    if reader.at <= #text then reader:fail "Extra data" end
    return value
  end)
  if ok then return value end
  if type(value) ~= "table" then error(value, 0) end
  return nil, value.what, select(2, text:sub(1, value.byte - 1):gsub("[^\128-\191]", ""))
end

local NAMES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t" }

---@param text string
---@return string
local function quote(text)
  if text:find "\237[\160-\191]" then error("surrogates are not allowed", 0) end
  return '"' .. text:gsub('[%z\1-\31"\\]', function(c)
    return NAMES[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

---Writes a value; `comma` and `colon` stand between its parts, `number` writes a number.
local function write(v, comma, colon, number)
  local kind, parts = M.kind(v), {}
  if v == nil or kind == "null" then return "null" end
  if kind == "string" then return quote(v) end
  if kind == "number" then return number(v) end
  if kind == "boolean" then return tostring(v) end
  if kind == "list" then
    for i = 1, v.n do parts[i] = write(v[i], comma, colon, number) end
    return "[" .. table.concat(parts, comma) .. "]"
  end
  if kind == "object" then
    for i, key in ipairs(v.keys) do parts[i] = quote(key) .. colon .. write(v.values[key], comma, colon, number) end
  else
    for i, pair in ipairs(v) do parts[i] = quote(pair[1]) .. colon .. write(pair[2], comma, colon, number) end
  end
  return "{" .. table.concat(parts, comma) .. "}"
end

local function finite(v) return v.text:find "[fn]" and error("no number of JSON", 0) or v.text end

---Writes a value as FastAPI does. A plain table is an object given as a list of { key, value }. Raises at what Python
---reads and does not write: half a pair of surrogates, infinity, and what is not a number.
---@param v any
---@return string
function M.encode(v) return write(v, ",", ":", finite) end

local NO_NUMBERS = { nan = "NaN", inf = "Infinity", ["-inf"] = "-Infinity" }

local function any_number(v) return NO_NUMBERS[v.text] or v.text end

---Writes a value as json.dumps does that is told to leave characters as they are. Raises at half a pair of surrogates.
---@param v any
---@return string
function M.dumps(v) return write(v, ", ", ": ", any_number) end

local WORDS_OF = { [M.NULL] = "None", [true] = "True", [false] = "False" }
local SHOWN = { ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

---A value inside another, as Python's repr has it; of characters that can not be printed, those of ASCII.
local function repr(v)
  if type(v) ~= "string" then return M.str(v) end
  local mark = v:find("'", 1, true) and not v:find('"', 1, true) and '"' or "'"
  return mark .. v:gsub("[%c\\" .. (mark == "'" and "'" or "") .. "]", function(c)
    return SHOWN[c] or c == "'" and "\\'" or ("\\x%02x"):format(c:byte())
  end) .. mark
end

---A value as Python's str has it.
---@param v any
---@return string
function M.str(v)
  local kind, parts = M.kind(v), {}
  if kind == "string" then return v end
  if kind == "number" then return v.text end
  if kind == "list" then
    for i = 1, v.n do parts[i] = repr(v[i]) end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  if kind ~= "object" then return WORDS_OF[v] end
  for i, key in ipairs(v.keys) do parts[i] = repr(key) .. ": " .. repr(v.values[key]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

---A list, for M.encode.
---@param ... any
---@return dm.JsonList
function M.list(...)
  return setmetatable({ n = select("#", ...), ... }, List)
end

---A number as it is to be written.
---@param text string
---@return dm.JsonNumber
function M.number(text)
  return setmetatable({ text = text }, Number)
end

return M
