-- Patterns in the notation of Python's modules `regex` and `re`, as recipes for Data-Juicer write them, compiled by
-- PCRE2. What is spelt or understood differently is rewritten: \w \W \s \S \b \B, \Z, \uXXXX and \UXXXXXXXX. Not
-- rewritten: \W and \S inside brackets, \N{...}, fuzzy matching.
local text = require "dm.text"

local M = {}

local SPACE = "\\t-\\r\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"

---Escapes for what a module calls \w and \s: `outside` and `inside` brackets.
local function dialect(word, space)
  local is, no = "[" .. word .. "]", "[^" .. word .. "]"
  return {
    outside = {
      w = is,
      W = no,
      s = "[" .. space .. "]",
      S = "[^" .. space .. "]",
      b = ("(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))"):format(is, is, is, is),
      B = ("(?:(?<=%s)(?=%s)|(?<!%s)(?!%s))"):format(is, is, is, is),
      Z = "\\z",
    },
    inside = { w = word, s = space },
  }
end

---By the module's name: what `regex` calls a word (Unicode's Alphabetic, marks, decimal digits, connectors, joiners),
---and what `re` does (str.isalnum and the underscore).
local DIALECTS = {
  regex = dialect("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}", SPACE),
  re = dialect("\\p{L}\\p{N}_", SPACE .. "\\x{1C}-\\x{1F}"),
}

---The escape after a backslash at `at`, rewritten; and the place behind it.
local function escape(escapes, pattern, at)
  local hex = pattern:match("^u(%x%x%x%x)", at) or pattern:match("^U(%x%x%x%x%x%x%x%x)", at)
  if hex then return "\\x{" .. hex .. "}", at + #hex + 1 end
  local c = pattern:match("^[^\128-\191][\128-\191]*", at) or ""
  return escapes[c] or "\\" .. c, at + #c
end

---The start of a bracket expression at `at`, with a ] that stands first in it. What PCRE2 would take for a name of
---POSIX gets a backslash. And the place behind it.
local function bracket(pattern, at)
  local posix = pattern:match("^%[([.:=])", at)
  if posix then return "[\\" .. posix, at + 2 end
  local start = pattern:match("^%[%^?%]?", at)
  return start, at + #start
end

---Removes the wrapper of a raw string: r'...' or r"...".
---@param pattern string
---@return string
function M.unwrap(pattern)
  return pattern:match "^r(['\"])(.*)%1$" and pattern:sub(3, -2) or pattern
end

---@param pattern string
---@param module "regex"|"re"? whose notation it is; "regex" by default
---@return string for PCRE2
function M.translate(pattern, module)
  local parts, at, inside = {}, 1, false
  local escapes = DIALECTS[module or "regex"]
  while at <= #pattern do
    local c = pattern:sub(at, at)
    if c == "\\" then
      c, at = escape(inside and escapes.inside or escapes.outside, pattern, at + 1)
    elseif c == "[" and not inside then
      c, at = bracket(pattern, at)
      inside = true
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
---@param module "regex"|"re"?
---@return dm.Regex
function M.compile(pattern, flags, module)
  return text.regex(M.translate(M.unwrap(pattern), module), flags)
end

return M
