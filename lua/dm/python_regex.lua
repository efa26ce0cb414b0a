-- Patterns in the notation of Python's `regex` module, as recipes for Data-Juicer write them, compiled by PCRE2.
-- What both spell differently is rewritten: \w \W \b \B (Unicode's Alphabetic, marks, decimal digits,
-- connectors, joiners), \Z, \uXXXX and \UXXXXXXXX. Not rewritten: \W inside brackets, \N{...}, fuzzy matching.
local text = require "dm.text"

local M = {}

local WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}"
local IS_WORD, NO_WORD = "[" .. WORD .. "]", "[^" .. WORD .. "]"

local OUTSIDE = {
  w = IS_WORD,
  W = NO_WORD,
  b = ("(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))"):format(IS_WORD, IS_WORD, IS_WORD, IS_WORD),
  B = ("(?:(?<=%s)(?=%s)|(?<!%s)(?!%s))"):format(IS_WORD, IS_WORD, IS_WORD, IS_WORD),
  Z = "\\z",
}
local INSIDE = { w = WORD }

---The escape after a backslash at `at`, rewritten; and the place behind it.
local function escape(pattern, at, inside)
  local hex = pattern:match("^u(%x%x%x%x)", at) or pattern:match("^U(%x%x%x%x%x%x%x%x)", at)
  if hex then return "\\x{" .. hex .. "}", at + #hex + 1 end
  local c = pattern:match("^[^\128-\191][\128-\191]*", at) or ""
  return (inside and INSIDE or OUTSIDE)[c] or "\\" .. c, at + #c
end

---The start of a bracket expression at `at`, with a ] that stands first in it.
local function bracket(pattern, at)
  return pattern:match("^%[%^?%]?", at)
end

---Removes the wrapper of a raw string: r'...' or r"...".
---@param pattern string
---@return string
function M.unwrap(pattern)
  return pattern:match "^r(['\"])(.*)%1$" and pattern:sub(3, -2) or pattern
end

---@param pattern string
---@return string for PCRE2
function M.translate(pattern)
  local parts, at, inside = {}, 1, false
  while at <= #pattern do
    local c = pattern:sub(at, at)
    if c == "\\" then
      c, at = escape(pattern, at + 1, inside)
    elseif c == "[" and not inside then
      c, inside = bracket(pattern, at), true
      at = at + #c
    else
      if c == "]" then inside = false end
      if c == "[" then c = "\\[" end
      at = at + 1
    end
    parts[#parts + 1] = c
  end
  return table.concat(parts)
end

---@param pattern string plain, or as r'...'
---@param flags string? see dm.text.regex
---@return dm.Regex
function M.compile(pattern, flags)
  return text.regex(M.translate(M.unwrap(pattern)), flags)
end

return M
