-- Verbs on text: strings in, strings and numbers out. All count code points, never bytes, and all work on
-- valid UTF-8, which what a sample reads always is. A verb that changes nothing returns the string it was given.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local remember = require "dm.text.remember"
local template = require "dm.text.template"
local C = ffi.C

---@class dm.text
local M = {
  chunk = require "dm.text.chunk",
  clean = require "dm.text.clean",
  html = require "dm.text.html",
  latex = require "dm.text.latex",
  normalize = require("dm.text.unicode").normalize,
}

local err = ffi.new "struct dm_error"
local span = ffi.new "struct dm_text_span"
local number_out = ffi.new "double[1]"
local chars_out = ffi.new "const char *[1]"
local spans_out = ffi.new "const struct dm_text_span *[1]"
local out, fail, result, strings = kernel.out, kernel.fail, kernel.result, kernel.strings

M.check, M.made, M.pieces, M.verb = kernel.check, kernel.result, kernel.pieces, kernel.verb

---Number of code points.
---@type fun(s: string): integer
M.length = remember.texts(function(s) return C.dm_text_length(s, #s) end)

---Number of Data-Juicer's special characters: ASCII punctuation, digits and white space, symbols, emoji.
---@type fun(s: string): integer
M.special = remember.texts(function(s) return C.dm_text_special(s, #s) end)

---Code points `first` to `last`, counted as string.sub counts bytes.
---@param s string
---@param first integer
---@param last integer?
---@return string
function M.sub(s, first, last)
  last = last or -1
  if first < 0 or last < 0 then
    local n = M.length(s)
    if first < 0 then first = n + first + 1 end
    if last < 0 then last = n + last + 1 end
  end
  if first < 1 then first = 1 end
  if last < first then return "" end
  local start = C.dm_text_offset(s, #s, first - 1)
  if start == 0 and last >= #s then return s end
  local base = ffi.cast("const char *", s) + start
  return s:sub(start + 1, start + C.dm_text_offset(base, #s - start, last - first + 1))
end

---As Python's str.lower, for all of Unicode.
---@param s string
---@return string
function M.lower(s) return result(C.dm_text_lower(s, #s, out), s) end

---As Python's str.upper, for all of Unicode.
---@param s string
---@return string
function M.upper(s) return result(C.dm_text_upper(s, #s, out), s) end

---Without the white space at both ends, as Python's str.strip.
---@param s string
---@return string
function M.strip(s)
  C.dm_text_strip(s, #s, span)
  local start, stop = tonumber(span.start), tonumber(span["end"])
  if stop - start == #s then return s end
  return s:sub(start + 1, stop)
end

---The lines of a text without their ends, as Python's str.splitlines.
---@param s string
---@return string[]
function M.lines(s) return M.pieces(C.dm_text_lines(s, #s, out), s) end

-- Replacements ---------------------------------------------------------------------------------------

local link_template, email_template = template.fixed(1), template.fixed(0)

---Data-Juicer's white space: strips the text and makes each of 23 spaces U+0020. Line ends stay.
---@param s string
---@return string
function M.clean_whitespace(s) return result(C.dm_text_whitespace(s, #s, out), s) end

---Replaces links as Data-Juicer finds them.
---@param s string
---@param repl string? in Python's notation; \g<0> is the link
---@return string
function M.clean_links(s, repl)
  return result(C.dm_text_links(s, #s, link_template(repl or ""), out), s)
end

---Replaces e-mail addresses as Data-Juicer finds them.
---@param s string
---@param repl string? in Python's notation; \g<0> is the address
---@return string
function M.clean_emails(s, repl)
  return result(C.dm_text_emails(s, #s, email_template(repl or ""), out), s)
end

---Data-Juicer's character repetition: the share of the most frequent runs of rep_len code points.
---@param s string
---@param rep_len integer
---@return number
function M.repetition(s, rep_len)
  local status = C.dm_text_repetition(s, #s, rep_len, number_out)
  kernel.trim(#s)
  if status < 0 then fail(status) end
  return number_out[0]
end

---The share of runs of rep_len code points that stand in the text more than once.
---@param s string
---@param rep_len integer
---@return number
function M.repeated(s, rep_len)
  local status = C.dm_text_repeated(s, #s, rep_len, number_out)
  kernel.trim(#s)
  if status < 0 then fail(status) end
  return number_out[0]
end

---Whether `repetition` is sure to be less than `most`; when not, it has to be measured. Several times as quick.
---@param s string
---@param rep_len integer
---@param most number
---@return boolean
function M.repetition_below(s, rep_len, most)
  local status = C.dm_text_repetition_below(s, #s, rep_len, most)
  kernel.trim(#s)
  if status < 0 then fail(status) end
  return status == 1
end

-- Regular expressions --------------------------------------------------------------------------------

---A compiled pattern of PCRE2 (https://www.pcre.org): `\w`, `\d` and the like know all of Unicode.
---@class dm.Regex
---@field re ffi.cdata*
---@field template fun(repl: string): ffi.cdata*
local Regex = {}
Regex.__index = Regex

local FLAGS = { i = C.DM_REGEX_CASELESS, m = C.DM_REGEX_MULTILINE, s = C.DM_REGEX_DOTALL,
  x = C.DM_REGEX_EXTENDED }

---@param pattern string
---@param flags string? any of i (ignore case), m (^ and $ at lines), s (dot takes newlines), x (spaces and comments)
---@return dm.Regex
function M.regex(pattern, flags)
  local bits = 0
  for c in (flags or ""):gmatch "." do
    bits = bits + (FLAGS[c] or error(('regex: no flag "%s"; flags are i, m, s, x'):format(c), 2))
  end
  local re = C.dm_regex_create(pattern, #pattern, bits, err)
  if re == nil then error(("regex %q: %s"):format(pattern, ffi.string(err.text)), 2) end
  local self = setmetatable({ re = ffi.gc(re, C.dm_regex_destroy) }, Regex)
  self.template = template.remember(function(group)
    local n = type(group) == "number" and group or C.dm_regex_group(re, group)
    return n >= 0 and n <= C.dm_regex_groups(re) and n or nil
  end)
  return self
end

local function check_match(status)
  if status < 0 then error(ffi.string(err.text), 0) end
  return status
end

local function group_strings(s, spans, first, last)
  if first > last then return end
  local from, value = spans[first].start, nil
  if from <= #s then value = s:sub(tonumber(from) + 1, tonumber(spans[first]["end"])) end
  return value, group_strings(s, spans, first + 1, last)
end

---As string.find: byte positions of the first match, then its groups (nil: took no part).
---@param s string
---@param init integer? byte to start at, the first one of a code point
---@return integer? first
---@return integer? last
---@return string? ... groups
function Regex:find(s, init)
  init = init or 1
  if init > #s + 1 then return nil end
  if check_match(C.dm_regex_find(self.re, s, #s, init - 1, 0, spans_out, err)) == 0 then return nil end
  local spans = spans_out[0]
  return tonumber(spans[0].start) + 1, tonumber(spans[0]["end"]),
    group_strings(s, spans, 1, C.dm_regex_groups(self.re))
end

local last_span = ffi.new "struct dm_text_span"

---The last of the matches that `spans` goes through.
---@param s string
---@return integer? first
---@return integer? last
function Regex:last(s)
  if check_match(C.dm_regex_last(self.re, s, #s, last_span, err)) == 0 then return nil end
  return tonumber(last_span.start) + 1, tonumber(last_span["end"])
end

---Number of matches.
---@param s string
---@return integer
function Regex:count(s)
  return check_match(C.dm_regex_count(self.re, s, #s, err))
end

---Replaces every match.
---@param s string
---@param repl string in Python's notation: \1, \g<name>, \g<0>; \\ is a backslash
---@return string
function Regex:replace(s, repl)
  local status = C.dm_regex_replace(self.re, s, #s, self.template(repl), out, err)
  return result(check_match(status), s)
end

---Iterates over the matches as arrays of struct dm_text_span: the match and its groups. An empty match counts where
---no other ended with nothing in between, as with Python's finditer.
local function matches(self, s)
  local from, empty = 0, 0
  return function()
    if not from then return nil end
    if check_match(C.dm_regex_find(self.re, s, #s, from, empty, spans_out, err)) == 0 then
      from = nil
      return nil
    end
    local spans = spans_out[0]
    from, empty = spans[0]["end"], spans[0].start == spans[0]["end"] and 1 or 0
    return spans
  end
end

---Iterates over the matches: their groups, or the whole match when the pattern has none.
---@param s string
---@return fun(): string?, ...
function Regex:gmatch(s)
  kernel.check_self(self, "pattern", "a pattern", "gmatch")
  local groups, next_match = C.dm_regex_groups(self.re), matches(self, s)
  return function()
    local spans = next_match()
    if spans then return group_strings(s, spans, math.min(groups, 1), groups) end
  end
end

---Iterates over the matches as `find` finds them: byte positions (of an empty match the last is one before the first),
---then the groups.
---@param s string
---@return fun(): integer?, integer?, ...
function Regex:spans(s)
  kernel.check_self(self, "pattern", "a pattern", "spans")
  local groups, next_match = C.dm_regex_groups(self.re), matches(self, s)
  return function()
    local spans = next_match()
    if not spans then return nil end
    return tonumber(spans[0].start) + 1, tonumber(spans[0]["end"]), group_strings(s, spans, 1, groups)
  end
end

---Number of groups in the pattern.
---@return integer
function Regex:groups()
  kernel.check_self(self, "pattern", "a pattern", "groups")
  return C.dm_regex_groups(self.re)
end

-- Splitter -------------------------------------------------------------------------------------------

---@class dm.Splitter
local Splitter = {}
Splitter.__index = Splitter

---DataMate's TextSplitter: chunks of at most chunk_size code points, cut at blank lines, line ends or
---punctuation where it can be.
---@param options { chunk_size: integer, chunk_overlap: integer?, max_characters: integer? }
---@return dm.Splitter
function M.splitter(options)
  local size, overlap = options.chunk_size, options.chunk_overlap or 0
  if size < 0 or size <= overlap then
    error(("chunk_size %d must be greater than chunk_overlap %d"):format(size, overlap), 0)
  end
  local function whole(n) return math.max(-2 ^ 52, math.min(n, 2 ^ 52)) end -- what C's integers hold
  return setmetatable({ size = whole(size), overlap = whole(overlap), most = whole(options.max_characters or -1) },
    Splitter)
end

---Where the chunks are, for what needs no strings of them; borrowed until the next verb.
---@param s string
---@return ffi.cdata* base what they point into
---@return ffi.cdata* spans struct dm_text_span *
---@return integer count
function Splitter:spans(s)
  local status = C.dm_text_split(s, #s, self.most, self.size, self.overlap, chars_out, out)
  if status < 0 then fail(status) end
  return chars_out[0], kernel.spans(), kernel.span_count()
end

---@param s string
---@return string[] chunks
function Splitter:split(s)
  local list = strings((self:spans(s)))
  kernel.trim(#s)
  return list
end

-- Verbs of modules of their own ----------------------------------------------------------------------

for _, part in ipairs { "counts", "language", "sets", "words" } do
  for name, verb in pairs(require("dm.text." .. part)) do M[name] = verb end
end

return M
