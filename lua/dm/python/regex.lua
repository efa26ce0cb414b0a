-- Patterns in the notation of Python's modules `regex` and `re`, as recipes for Data-Juicer write them, compiled by
-- PCRE2. What is spelt or understood differently is rewritten: \w \W \s \S \b \B \m \M, \v, \Z, \uXXXX and \UXXXXXXXX,
-- {,n}, the flag u, classes of POSIX, names of scripts, the i with a dot above and the one without where case does not
-- matter. Not rewritten: \N{...}, sets of sets, the flag a. Fuzzy matching is refused.
local text = require "dm.text"

local M = {}

local SPACE = "\\t-\\r\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"

---Escapes for what a module calls \w and \s: `outside` and `inside` brackets; `beside` them, what can not stand inside;
---and what its classes of POSIX are.
local function dialect(word, space, posix, cases)
  local is, no = "[" .. word .. "]", "[^" .. word .. "]"
  return {
    outside = {
      w = is,
      W = no,
      s = "[" .. space .. "]",
      S = "[^" .. space .. "]",
      b = ("(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))"):format(is, is, is, is),
      B = ("(?:(?<=%s)(?=%s)|(?<!%s)(?!%s))"):format(is, is, is, is),
      v = "\\x{B}",
      Z = "\\z",
    },
    inside = { w = word, s = space, v = "\\x{B}" },
    beside = { W = word, S = space },
    posix = posix,
    cases = cases,
  }
end

local WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}"

---By the module's name: what `regex` calls a word (Unicode's Alphabetic, marks, decimal digits, connectors, joiners),
---and what `re` does (str.isalnum and the underscore).
local DIALECTS = {
  regex = dialect(WORD, SPACE, {
    alpha = "\\p{Alphabetic}", alnum = "\\p{Alphabetic}0-9", digit = "0-9", lower = "\\p{Lowercase}",
    upper = "\\p{Uppercase}", space = SPACE, word = WORD, punct = "\\p{P}\\p{S}", xdigit = "[:xdigit:]",
    blank = "[:blank:]", cntrl = "[:cntrl:]", graph = "[:graph:]", print = "[:print:]",
  }, "iI\u{130}"),
  re = dialect("\\p{L}\\p{N}_", SPACE .. "\\x{1C}-\\x{1F}", {}, "iI\u{130}\u{131}"),
}

-- Where a word begins and ends, which only `regex` has.
local IS_WORD = "[" .. WORD .. "]"
DIALECTS.regex.outside.m = ("(?:(?<!%s)(?=%s))"):format(IS_WORD, IS_WORD)
DIALECTS.regex.outside.M = ("(?:(?<=%s)(?!%s))"):format(IS_WORD, IS_WORD)

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
  local named = pattern:match("^[pP]{[^}]*}", at) or pattern:match("^[gk]<[^>]*>", at)
  if named then return "\\" .. named, at + #named end
  local c = pattern:match("^[^\128-\191][\128-\191]*", at) or ""
  return escapes[c] or "\\" .. c, at + #c
end

---What stands at `at` inside brackets, rewritten; the place behind it; and a class of which only the others belong.
local function member(escapes, pattern, at)
  local c = pattern:sub(at, at)
  if c == "-" and pattern:sub(at + 1, at + 1) == "]" then return "\\-", at + 1 end -- also when more is put behind it
  if c == "\\" then
    local others = escapes.beside[pattern:sub(at + 1, at + 1)]
    if others then return "", at + 2, others end
    return escape(escapes.inside, pattern, at + 1)
  end
  local posix = pattern:match("^%[:(%a+):%]", at)
  if posix and escapes.posix[posix] then return escapes.posix[posix], at + #posix + 4 end
  return c == "[" and "\\[" or c, at + 1
end

---Classes of letters of one case as those of letters of any, which they are where case does not matter.
local function any_case(part)
  return (part:gsub("([pP]{)L[ult]}", "%1L&}"):gsub("([pP]{)%a%a+ercase}", "%1Cased}"))
end

---A class, without its brackets, in which all of those that are an i belong when one does.
local function with_cases(class, cases)
  class = any_case(class)
  local has_one = text.regex("(?i)[" .. class .. "]"):find(cases)
  return has_one and class .. cases or class
end

---The expression in brackets at `at`, and the place behind it.
local function bracket(escapes, pattern, at, caseless)
  local negated, first = pattern:match("^%[(%^?)(%]?)", at)
  local members, others = { first }, {}
  at = at + 1 + #negated + #first
  while at <= #pattern and pattern:sub(at, at) ~= "]" do
    members[#members + 1], at, others[#others + 1] = member(escapes, pattern, at)
  end
  local class, close = table.concat(members), pattern:sub(at, at)
  if negated == "" then class = class:gsub("^[.:=]", "\\%0") end -- no class of POSIX begins here
  if caseless and class ~= "" and close ~= "" then class = with_cases(class, escapes.cases) end
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

local HEADS = { "^%(%?%a*%-?%a*[:)]", "^%(%?P?<[%w_]+>", "^%(%?P[=>][%w_]+%)", "^%(%?#[^)]*%)",
  "^%(%?&[%w_]+%)", "^%(%?%([%w_]+%)" }

---What stands at a parenthesis that no rewriting may touch: flags, a name, a comment, a condition.
local function head_of(pattern, at)
  for _, head in ipairs(HEADS) do
    local found = pattern:match(head, at)
    if found then return found end
  end
  return "("
end

---@class dm.PatternReader
---@field text string
---@field at integer the byte that is read next
---@field caseless boolean whether case does not matter there
---@field first_only boolean whether flags for all of the pattern have to stand at its start
---@field outer boolean[] the same around each group that is open
local Reader = {}
Reader.__index = Reader

---Reads a parenthesis, with the flags that stand in it.
function Reader:group()
  local head = head_of(self.text, self.at)
  if head:sub(-1) ~= ")" or head:find "^%(%?%(" then table.insert(self.outer, self.caseless) end
  local on, off = head:match "^%(%?(%a*)%-?(%a*)[:)]$"
  if on and self.first_only and self.at > 1 and head:sub(-1) == ")" then
    error(("pattern %q: %s may only stand at the start; (?%s:...) may stand anywhere"):format(self.text, head, on), 0)
  end
  if on and on:find "i" then self.caseless = true end
  if off and off:find "i" then self.caseless = false end
  self.at = self.at + #head
  return on and head:gsub("u", "") or head
end

---Refuses what `regex` takes for a limit on errors: {e}, {e<=2}, {1<=i<=3,d}.
function Reader:check_fuzzy()
  local limits = self.text:match("^{([%d<=+,%seids]+)}", self.at)
  if not limits or not limits:find "%a" or limits:find "%a%a" then return end
  error(("pattern %q: {%s} asks for fuzzy matching, which is not here"):format(self.text, limits), 0)
end

---Reads a brace, with the number behind it that may be without a least one.
function Reader:brace()
  local most = self.text:match("^{(,%d*)}", self.at)
  if not self.first_only then self:check_fuzzy() end
  if not most then
    self.at = self.at + 1
    return "{"
  end
  self.at = self.at + #most + 2
  return "{0" .. most .. "}"
end

---Reads a character that stands for itself, or means what it means in PCRE2.
function Reader:character(cases)
  local c = self.text:match("^[^\128-\191][\128-\191]*", self.at) or self.text:sub(self.at, self.at)
  self.at = self.at + #c
  if c == ")" and #self.outer > 0 then self.caseless = table.remove(self.outer) end
  return self.caseless and cases:find(c, 1, true) and "[" .. cases .. "]" or c
end

---@param pattern string
---@param module "regex"|"re"? whose notation it is; "regex" by default
---@return string for PCRE2
function M.translate(pattern, module)
  local parts, escapes = {}, DIALECTS[module or "regex"]
  local reader = setmetatable({ text = pattern, at = 1, caseless = false, first_only = module == "re", outer = {} },
    Reader)
  while reader.at <= #pattern do
    local c = pattern:sub(reader.at, reader.at)
    local part
    if c == "\\" then
      part, reader.at = escape(escapes.outside, pattern, reader.at + 1)
      if reader.caseless then part = any_case(part) end
    elseif c == "[" then
      part, reader.at = bracket(escapes, pattern, reader.at, reader.caseless)
    elseif c == "(" then
      part = reader:group()
    elseif c == "{" then
      part = reader:brace()
    else
      part = reader:character(escapes.cases)
    end
    parts[#parts + 1] = part
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
