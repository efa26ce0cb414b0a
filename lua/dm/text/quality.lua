-- What the quality rules of Gopher, C4 and FineWeb count, and the characters that datatrove (Apache-2.0) takes for
-- punctuation in them.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local text = require "dm.text"

local C = ffi.C

local M = {}

-- Marks that end a sentence in some script.
local ENDS = {
  0x21, 0x2E, 0x3F, 0x589, { 0x61D, 0x61F }, 0x6D4, { 0x700, 0x702 }, 0x7F9, 0x837, 0x839, { 0x83D, 0x83E },
  { 0x964, 0x965 }, { 0x104A, 0x104B }, 0x1362, { 0x1367, 0x1368 }, 0x166E, { 0x1735, 0x1736 }, { 0x17D4, 0x17D6 },
  { 0x17D9, 0x17DA }, 0x1803, 0x1809, { 0x1944, 0x1945 }, { 0x1AA8, 0x1AAB }, { 0x1B5A, 0x1B5B }, { 0x1B5E, 0x1B5F },
  { 0x1B7D, 0x1B7E }, { 0x1C3B, 0x1C3C }, { 0x1C7E, 0x1C7F }, { 0x203C, 0x203D }, { 0x2047, 0x2049 }, 0x2E2E, 0x2E3C,
  { 0x2E53, 0x2E54 }, 0x3002, 0xA4FF, { 0xA60E, 0xA60F }, 0xA6F3, 0xA6F7, { 0xA876, 0xA877 }, { 0xA8CE, 0xA8CF },
  0xA92F, { 0xA9C8, 0xA9C9 }, { 0xAA5D, 0xAA5F }, { 0xAAF0, 0xAAF1 }, 0xABEB, 0xFE52, { 0xFE56, 0xFE57 }, 0xFF01,
  0xFF0E, 0xFF1F, 0xFF61, { 0x10A56, 0x10A57 }, { 0x10F55, 0x10F59 }, { 0x10F86, 0x10F89 }, { 0x11047, 0x11048 },
  { 0x110BE, 0x110C1 }, { 0x11141, 0x11143 }, { 0x111C5, 0x111C6 }, 0x111CD, { 0x111DE, 0x111DF },
  { 0x11238, 0x11239 }, { 0x1123B, 0x1123C }, 0x112A9, { 0x1144B, 0x1144C }, { 0x115C2, 0x115C3 },
  { 0x115C9, 0x115D7 }, { 0x11641, 0x11642 }, { 0x1173C, 0x1173E }, 0x11944, 0x11946, { 0x11A42, 0x11A43 },
  { 0x11A9B, 0x11A9C }, { 0x11C41, 0x11C42 }, { 0x11EF7, 0x11EF8 }, { 0x11F43, 0x11F44 }, { 0x16A6E, 0x16A6F },
  0x16AF5, { 0x16B37, 0x16B38 }, 0x16B44, 0x16E98, 0x1BC9F, 0x1DA88,
}

-- Other punctuation, and control characters.
local MARKS = {
  { 0x0, 0x8 }, { 0xB, 0x1F }, { 0x22, 0x2D }, 0x2F, { 0x3A, 0x3E }, 0x40, { 0x5B, 0x60 }, { 0x7B, 0x9F }, 0xAB,
  0xB4, 0xBB, { 0x2013, 0x2014 }, 0x2019, { 0x201C, 0x201E }, 0x2026, 0x2236, 0x2501, 0x25BA, 0x3001,
  { 0x3008, 0x300D }, { 0x3010, 0x3011 }, 0xFF05, { 0xFF08, 0xFF09 }, 0xFF0C, 0xFF11, { 0xFF1A, 0xFF1B }, 0xFF5E,
}

local function joined(a, b)
  local list = {}
  for _, part in ipairs { a, b } do
    for _, range in ipairs(part) do list[#list + 1] = range end
  end
  return list
end

---The marks that end sentences: struct dm_charset.
M.ends = text.charset(ENDS)

---Those, and the newline.
M.ends_or_lines = text.charset(joined(ENDS, { 0x0A }))

local punctuation = text.charset(joined(ENDS, MARKS))
local counts = ffi.new "struct dm_quality_counts"
local kinds = ffi.new "struct dm_line_kinds"
local parts = ffi.new "struct dm_duplicates"

---Raises for a kernel that failed, and gives back what a large text made grow.
local function check(status, s)
  kernel.trim(#s)
  if status < 0 then kernel.fail(status) end
end

---Counts of words, signs and lines; the result is overwritten by the next call.
---@param s string
---@return ffi.cdata* struct dm_quality_counts
function M.counts(s)
  check(C.dm_text_quality(punctuation.set, s, #s, counts), s)
  return counts
end

---Counts of lines that are not blank; the result is overwritten by the next call.
---@param s string
---@param stops dm.Charset with which a line should end
---@param short_most integer code points of a short line
---@return ffi.cdata* struct dm_line_kinds
function M.lines(s, stops, short_most)
  C.dm_text_line_kinds(stops.set, s, #s, short_most, kinds)
  return kinds
end

local KINDS = { paragraphs = C.DM_PARAGRAPHS, lines = C.DM_LINES, full_lines = C.DM_FULL_LINES }

---How many paragraphs or lines stood in the text before.
---@param s string
---@param kind "paragraphs"|"lines"|"full_lines"
---@return number share of them
---@return number code points in them
function M.duplicates(s, kind)
  check(C.dm_text_duplicates(s, #s, KINDS[kind], parts), s)
  return parts.parts > 0 and parts.duplicates / parts.parts or 0, parts.chars
end

---Words that white space separates.
---@param s string
---@return integer
function M.words(s) return C.dm_text_blank_words(s, #s) end

---How many of some words a text has, between white space or its ends, up to `enough`.
---@param s string
---@param words string[]
---@param enough integer
---@return integer
function M.distinct_words(s, words, enough)
  local found = 0
  for _, word in ipairs(words) do
    if C.dm_text_has_word(s, #s, word, #word) == 1 then
      found = found + 1
      if found >= enough then return found end
    end
  end
  return found
end

---A function of texts that measures n-grams of words, n up to `most`: code points of the most frequent n-gram times
---its count, and of n-grams that stood before, both by n; overwritten by the next call.
---@param most integer
---@return fun(s: string): ffi.cdata*, ffi.cdata*
function M.grams(most)
  local top, duplicate = ffi.new("double[?]", most + 1), ffi.new("double[?]", most + 1)
  return function(s)
    check(C.dm_text_word_grams(s, #s, most, top, duplicate), s)
    return top, duplicate
  end
end

return M
