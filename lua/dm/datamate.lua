-- What DataMate's operators have in common.
--
-- A Filter of DataMate does not answer whether it keeps a file: it empties the text of one that it drops, and the
-- executor drops what has neither text nor data afterwards. ContentFilter does both: in a pipeline it answers false,
-- which drops the row, and on a plain table it leaves text and data empty as DataMate does.
local ffi = require "ffi"
local base_op = require "dm.base_op"
local failure = require "dm.datamate.failure"
local sources = require "dm.sources"
local text = require "dm.text"

local C = ffi.C

local M = {}

---A Filter that implements `judge(text)`, which returns as Filter:execute does: keep, reason, value. A sample whose
---text and data are empty is dropped whatever `judge` says, as DataMate's executor does.
local ContentFilter = base_op.Filter:extend { name = "ContentFilter", origin = "DataMate" }

---@param s string
---@return boolean keep
---@return string? reason
---@return number? value measured
function ContentFilter:judge(s) -- luacheck: ignore
  error(self.name .. ": judge is not implemented", 0)
end

local function has_data(self, sample)
  local data = sample[self.data_key]
  return data ~= nil and data ~= ""
end

function ContentFilter:execute(sample)
  local s = self:get_text(sample)
  local keep, reason, value = self:judge(s)
  if not keep then
    self:set_text(sample, "")
    if sample[self.data_key] ~= nil then sample[self.data_key] = "" end
    return false, reason, value
  end
  if s == "" and not has_data(self, sample) then return false, "text and data are empty" end
  return true, nil, value
end

M.ContentFilter = ContentFilter

---A judgement on a rate: those that reach the limit are dropped.
---@param rate number
---@param name string of the limit's parameter
---@param limit number? nil raises, as DataMate does when it comes to comparing
---@return boolean keep
---@return string? reason
---@return number rate
function M.below(rate, name, limit)
  if limit == nil then
    failure.raise("TypeError", "'>=' not supported between instances of 'float' and 'NoneType'")
  end
  if rate >= limit then return false, ("reaches %s %s"):format(name, tostring(limit)), rate end
  return true, nil, rate
end

---A Mapper that implements `clean(text)`, which returns the new text.
local TextMapper = base_op.Mapper:extend { name = "TextMapper", origin = "DataMate" }

---@param s string
---@return string
function TextMapper:clean(s) -- luacheck: ignore
  error(self.name .. ": clean is not implemented", 0)
end

function TextMapper:execute(sample)
  self:set_text(sample, self:clean(self:get_text(sample)))
end

M.TextMapper = TextMapper

---The cleaning itself, by operator: text in, text out. host/text/ says what each does.
M.contents = text.verb(C.dm_text_contents)
M.captions = text.verb(C.dm_text_captions)
M.repeated_lines = text.verb(C.dm_text_repeated_lines)
M.squeeze = text.verb(C.dm_text_squeeze)
M.urls = text.verb(C.dm_text_urls)
M.phones = text.verb(C.dm_text_phones)
M.cards = text.verb(C.dm_text_cards)
M.ids = text.verb(C.dm_text_ids)
M.mails = text.verb(C.dm_text_mails)
M.emoji = text.verb(C.dm_text_emoji)
M.addresses = text.verb(C.dm_text_addresses)
M.strip_attributes = text.verb(C.dm_text_attributes)

---The characters of special_symbols.txt, which its word lists are matched around.
M.SYMBOLS = "! .,#$%&*()|?/@\"';[]{}+~-_=^<>！。，￥（）？、“‘；【】…《》:："

---The parameter of operators that look for listed words. DataMate ships its lists empty.
M.WORD_FILES = { "wordFiles", "list", default = {}, doc = "paths of word lists, one word a line" }

---An automaton over the words of files, around SYMBOLS.
---@param paths string[]
---@return dm.Matcher
function M.word_matcher(paths)
  local words = {}
  for _, path in ipairs(paths) do
    local content, why = sources.read(path)
    if not content then error(why, 0) end
    for _, word in ipairs(text.lines(text.check(content, path))) do words[#words + 1] = word end
  end
  return text.matcher(words, { M.SYMBOLS })
end

---A Mapper that turns listed words into asterisks.
local WordCleaner = TextMapper:extend { name = "WordCleaner", params = { M.WORD_FILES } }

function WordCleaner:init() self.matcher = M.word_matcher(self.wordFiles) end

function WordCleaner:clean(s) return self.matcher:star(s) end

M.WordCleaner = WordCleaner

---Python's bool(): what switches given as strings and numbers come to. "false" is true.
---@param v any
---@return boolean
function M.truthy(v)
  if v == nil or v == false or v == 0 or v == "" then return false end
  return type(v) ~= "table" or next(v) ~= nil
end

return M
