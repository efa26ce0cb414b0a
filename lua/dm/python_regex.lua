-- Patterns in the notation of Python's modules `regex` and `re`, as recipes for Data-Juicer write them, compiled by
-- PCRE2. What is spelt or understood differently is rewritten: \w \W \s \S \b \B, \Z, \uXXXX and \UXXXXXXXX, classes of
-- POSIX, names of scripts. Not rewritten: \N{...}, sets of sets, fuzzy matching.
local text = require "dm.text"

local M = {}

local SPACE = "\\t-\\r\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"

---Escapes for what a module calls \w and \s: `outside` and `inside` brackets; `beside` them, what can not stand inside;
---and what its classes of POSIX are.
local function dialect(word, space, posix)
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
    beside = { W = word, S = space },
    posix = posix,
  }
end

local WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}"

---By the module's name: what `regex` calls a word (Unicode's Alphabetic, marks, decimal digits, connectors, joiners),
---and what `re` does (str.isalnum and the underscore).
local DIALECTS = {
  regex = dialect(WORD, SPACE, {
    alpha = "\\p{Alphabetic}", alnum = "\\p{Alphabetic}\\p{Nd}", digit = "\\p{Nd}", lower = "\\p{Lowercase}",
    upper = "\\p{Uppercase}", space = SPACE, word = WORD, punct = "[:punct:]", xdigit = "[:xdigit:]",
    blank = "[:blank:]", cntrl = "[:cntrl:]", graph = "[:graph:]", print = "[:print:]",
  }),
  re = dialect("\\p{L}\\p{N}_", SPACE .. "\\x{1C}-\\x{1F}", {}),
}

local scripts = {}

---Whether PCRE2 knows a script of that name.
local function is_script(name)
  if scripts[name] == nil then scripts[name] = pcall(text.regex, "\\p{sc:" .. name .. "}") end
  return scripts[name]
end

---The escape after a backslash at `at`, rewritten; and the place behind it.
local function escape(escapes, pattern, at)
  local hex = pattern:match("^u(%x%x%x%x)", at) or pattern:match("^U(%x%x%x%x%x%x%x%x)", at)
  if hex then return "\\x{" .. hex .. "}", at + #hex + 1 end
  local kind, script = pattern:match("^([pP]){(%a%a%a[%w_]*)}", at)
  if kind and is_script(script) then return ("\\%s{sc:%s}"):format(kind, script), at + #script + 3 end
  local c = pattern:match("^[^\128-\191][\128-\191]*", at) or ""
  return escapes[c] or "\\" .. c, at + #c
end

---What stands at `at` inside brackets, rewritten; the place behind it; and a class of which only the others belong.
local function member(escapes, pattern, at)
  local c = pattern:sub(at, at)
  if c == "\\" then
    local others = escapes.beside[pattern:sub(at + 1, at + 1)]
    if others then return "", at + 2, others end
    return escape(escapes.inside, pattern, at + 1)
  end
  local posix = pattern:match("^%[:(%a+):%]", at)
  if posix and escapes.posix[posix] then return escapes.posix[posix], at + #posix + 4 end
  return c == "[" and "\\[" or c, at + 1
end

---The expression in brackets at `at`, and the place behind it.
local function bracket(escapes, pattern, at)
  local negated, first = pattern:match("^%[(%^?)(%]?)", at)
  local members, others = { first }, {}
  at = at + 1 + #negated + #first
  while at <= #pattern and pattern:sub(at, at) ~= "]" do
    members[#members + 1], at, others[#others + 1] = member(escapes, pattern, at)
  end
  local class, close = table.concat(members), pattern:sub(at, at)
  if negated == "" then class = class:gsub("^[.:=]", "\\%0") end -- no class of POSIX begins here
  if #others == 0 or close == "" then return "[" .. negated .. class .. close, at + 1 end
  local parts = { class ~= "" and ("[%s%s]"):format(negated, class) or nil }
  for _, other in ipairs(others) do
    table.insert(parts, 1, (negated == "" and "[^%s]" or "(?=[%s])"):format(other))
  end
  if negated == "" then return "(?:" .. table.concat(parts, "|") .. ")", at + 1 end
  return "(?:" .. table.concat(parts) .. (class == "" and "(?s:.)" or "") .. ")", at + 1
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
  local parts, at = {}, 1
  local escapes = DIALECTS[module or "regex"]
  while at <= #pattern do
    local c = pattern:sub(at, at)
    if c == "\\" then
      c, at = escape(escapes.outside, pattern, at + 1)
    elseif c == "[" then
      c, at = bracket(escapes, pattern, at)
    else
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
