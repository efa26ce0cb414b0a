-- Words as Data-Juicer takes them: cut at space, newline and TAB only, without special characters at both ends.
-- Sets and repetition look at them in small letters; C keeps those of the last text, so that filters in a row
-- cut it once.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local C = ffi.C

local M = {}

local number_out = ffi.new "double[1]"
local span = ffi.new "struct dm_span"

local function check(status)
  if status < 0 then kernel.fail(status) end
  return status
end

local counted_text, counted
local read_text, read

---Number of words, as they are written.
---@param s string
---@return integer
function M.word_count(s)
  if s ~= counted_text then
    counted_text, counted = s, C.dm_text_word_count(s, #s)
  end
  return counted
end

---Has C read the words of a text in small letters; returns how many they are.
local function read_words(s)
  if s ~= read_text then
    read_text = nil
    read = check(C.dm_words_read(s, #s))
    read_text = s
  end
  return read
end

---The share of runs of rep_len words that occur more than once, in small letters.
---@param s string
---@param rep_len integer
---@return number
function M.word_repetition(s, rep_len)
  read_words(s)
  local status = C.dm_words_repetition(rep_len, number_out)
  if #s > 256 * 1024 then C.dm_text_trim() end
  check(status)
  return number_out[0]
end

---Many words at once.
---@class dm.Words
---@field set ffi.cdata*
local Words = {}
Words.__index = Words

---A set of words. They are found in texts in small letters, so one with a capital is never found.
---@param list string[]
---@return dm.Words
function M.words(list)
  local set = C.dm_wordset_create()
  if set == nil then check(C.DM_EMEMORY) end
  ffi.gc(set, C.dm_wordset_destroy)
  for _, word in ipairs(list) do check(C.dm_wordset_add(set, word, #word)) end
  return setmetatable({ set = set }, Words)
end

---How many words of a text are in the set, and how many it has.
---@param s string
---@return integer found
---@return integer words
function Words:count(s)
  kernel.check_self(self, "words", "words", "count")
  local words = read_words(s)
  return C.dm_wordset_count(self.set), words
end

---How many runs of `size` words are in the set when they are put together, and how many runs there are.
---@param s string
---@param size integer words in a run
---@param join string? what stands between them
---@return integer found
---@return integer runs
function Words:count_groups(s, size, join)
  kernel.check_self(self, "words", "words", "count_groups")
  local words = read_words(s)
  join = join or ""
  check(C.dm_wordset_count_groups(self.set, size, join, #join, number_out))
  return number_out[0], math.max(words - size + 1, 0)
end

---The first word of a text that is in the set.
---@param s string
---@param init integer? number of the word to start at, from 1
---@return integer? number of the word
---@return string? word in small letters
function Words:find(s, init)
  kernel.check_self(self, "words", "words", "find")
  read_words(s)
  local i = C.dm_wordset_find(self.set, (init or 1) - 1, span)
  if i < 0 then return nil end
  return i + 1, ffi.string(span.p, span.n)
end

---A text with another in the place of each of its words that is in the set; what is stripped of words stays.
---@param s string
---@param replacement string
---@return string
function Words:replace(s, replacement)
  kernel.check_self(self, "words", "words", "replace")
  if self:count(s) == 0 then return s end
  return (s:gsub("[^ \n\t]+", function(piece)
    local _, word = self:find(piece)
    if not word then return nil end
    local small = kernel.result(C.dm_text_lower(piece, #piece, kernel.out), piece)
    local from, to = small:find(word, 1, true) -- what stands beside it has one case only, and so the same bytes
    return piece:sub(1, from - 1) .. replacement .. piece:sub(#piece - (#small - to) + 1)
  end))
end

return M
