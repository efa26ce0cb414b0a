-- The part of dm.text that finds members of sets in texts: of sets of code points, of sets of words.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local C = ffi.C

local M = {}

local out, check, fail, result, strings = kernel.out, kernel.check, kernel.fail, kernel.result, kernel.strings

-- Sets of code points ---------------------------------------------------------------------------------

---A set of code points.
---@class dm.Charset
---@field set ffi.cdata*
local Charset = {}
Charset.__index = Charset

---Adds what one entry of a list means: a code point, { first, last }, or every code point of a string.
local function add_ranges(flat, entry)
  if type(entry) == "string" then
    for c in check(entry, "a set of code points"):gmatch "[%z\1-\127\194-\244][\128-\191]*" do
      add_ranges(flat, C.dm_text_point(c))
    end
  else
    local range = type(entry) == "table" and entry or { entry, entry }
    flat[#flat + 1], flat[#flat + 2] = range[1], range[2]
  end
end

---The ranges of a list as C takes them, and how many.
local function ranges_of(list)
  local flat = {}
  for _, entry in ipairs(list) do add_ranges(flat, entry) end
  return ffi.new("uint32_t[?]", math.max(#flat, 1), flat), #flat / 2
end

---@param list (integer|integer[]|string)[] code points, { first, last }, or strings of them
---@return dm.Charset
function M.charset(list)
  local set = C.dm_charset_create(ranges_of(list))
  if set == nil then fail(C.DM_EMEMORY) end
  return setmetatable({ set = ffi.gc(set, C.dm_charset_destroy) }, Charset)
end

---Number of members in the text.
---@param s string
---@return integer
function Charset:count(s) return C.dm_charset_count(self.set, s, #s) end

---Puts a text in the place of each member.
---@param s string
---@param repl string
---@return string
function Charset:replace(s, repl)
  return result(C.dm_charset_replace(self.set, s, #s, repl, #repl, out), s)
end

---The members alone.
---@param s string
---@return string
function Charset:keep(s) return result(C.dm_charset_keep(self.set, s, #s, out), s) end

---Puts in each member's place the code point that stands `distance` above it.
---@param s string
---@param distance integer
---@return string
function Charset:shift(s, distance)
  return result(C.dm_charset_shift(self.set, s, #s, distance, out), s)
end

-- Many words at once, as DataMate looks for them --------------------------------------------------------

---An automaton over words; host/text/matcher.h tells its ways. What is for plain word lists is dm.text.words.
---@class dm.Matcher
---@field matcher ffi.cdata*
local Matcher = {}
Matcher.__index = Matcher

---@param words string[]
---@param skip (integer|integer[]|string)[]? code points that stand between those of a word unseen, as for charset
---@return dm.Matcher
function M.matcher(words, skip)
  local list = check(table.concat(words, "\n"), "a list of words")
  local matcher = C.dm_matcher_create(list, #list, ranges_of(skip or {}))
  if matcher == nil then fail(C.DM_EMEMORY) end
  return setmetatable({ matcher = ffi.gc(matcher, C.dm_matcher_destroy) }, Matcher)
end

---The matches in the order of their ends, those that stand in others too. Where each goes on from the one before,
---they grow with the square of the text: raises when they are together more than 1 MiB longer than 64 such texts.
---@param s string
---@return string[]
function Matcher:search(s)
  local status = C.dm_matcher_search(self.matcher, s, #s, out)
  if status == C.DM_EINPUT then error("the matches are together far longer than the text", 0) end
  if status < 0 then fail(status) end
  return strings(ffi.cast("const char *", s))
end

---Code points of matches that do not overlap, without what was skipped.
---@param s string
---@return integer
function Matcher:count(s) return C.dm_matcher_count(self.matcher, s, #s) end

---Turns the matches of each line into asterisks, wherever their texts stand in it.
---@param s string
---@return string
function Matcher:star(s) return result(C.dm_matcher_star(self.matcher, s, #s, out), s) end

return M
