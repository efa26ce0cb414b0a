-- Keeps the good lines of a text, and texts that have enough of them, by the rules of C4 (Raffel et al. 2020,
-- https://jmlr.org/papers/v21/20-074.html, section 2.2), as datatrove's filter of this name has them, with its reasons.
-- It changes the text: lines are stripped, and those that break a rule are gone. A limit of -1 switches its rule off.
-- Sentences end as in datatrove's WhitespaceTokenizer, with a mark and perhaps a quote, initials aside; datatrove's own
-- default for English is spaCy's sentencizer, the paper's is NLTK's Punkt.
local ffi = require "ffi"
local Filter = require("dm.base_op").Filter
local kernel = require "dm.text.kernel"
local quality = require "dm.text.quality"

local C, out = ffi.C, kernel.out

local C4Quality = Filter:extend {
  name = "C4QualityFilter",
  summary = "Keep the lines that pass the rules of C4, and texts with enough of them.",
  origin = "datatrove",
  params = {
    { "split_paragraph", "boolean", default = true,
      doc = "whether rules hold for lines; if not, for sentences, which spaces join then" },
    { "remove_citations", "boolean", default = true, doc = "whether [1], [edit] and [citation needed] go" },
    { "filter_no_terminal_punct", "boolean", default = true,
      doc = "whether lines go that do not end with a full stop, ?, ! or a quote, or end with three dots" },
    { "min_num_sentences", "integer", default = 5, doc = "least number of sentences; -1: any" },
    { "min_words_per_line", "integer", default = 3, doc = "lines with fewer words go; -1: none" },
    { "max_word_length", "integer", default = 1000, doc = "lines with a longer word go; -1: none" },
    { "filter_lorem_ipsum", "boolean", default = true, doc = "whether texts go that have a line with \"lorem ipsum\"" },
    { "filter_javascript", "boolean", default = true, doc = "whether lines with \"javascript\" go" },
    { "filter_curly_bracket", "boolean", default = true, doc = "whether texts go that have a line with {" },
    { "filter_policy", "boolean", default = true, doc = "whether lines about cookies and terms of use go" },
  },
  examples = {
    { params = { min_num_sentences = 1 }, input = { text = " We met here.[3]\nmenu\nWe use cookies, you know." },
      keep = true },
    { input = { text = "One sentence is too few." }, keep = false },
    { params = { min_num_sentences = 2, split_paragraph = false }, input = { text = "So it is. And\nso was it! Yes." },
      keep = true },
    { params = { min_num_sentences = 1 }, input = { text = "What is a { here, now?" }, keep = false },
  },
}

local REASONS = {
  [C.DM_C4_LOREM_IPSUM] = "lorem_ipsum",
  [C.DM_C4_CURLY_BRACKET] = "curly_bracket",
  [C.DM_C4_FEW_SENTENCES] = "too_few_sentences",
}

function C4Quality:init()
  self.ends = self.split_paragraph and quality.ends or quality.ends_or_lines
  self.rules = ffi.new("struct dm_c4_rules", {
    sentences = not self.split_paragraph, citations = self.remove_citations, terminal = self.filter_no_terminal_punct,
    lorem_ipsum = self.filter_lorem_ipsum, javascript = self.filter_javascript,
    curly_bracket = self.filter_curly_bracket, policy = self.filter_policy,
    min_sentences = self.min_num_sentences or -1, min_words = self.min_words_per_line or -1,
    max_word = self.max_word_length or -1,
  })
end

function C4Quality:execute(sample)
  local s = self:get_text(sample)
  local status = C.dm_text_c4(self.ends.set, self.rules, s, #s, out)
  local reason = REASONS[status]
  if reason then
    kernel.trim(#s)
    return false, reason
  end
  local kept = kernel.result(status, s)
  if kept ~= s then self:set_text(sample, kept) end
  return true
end

return C4Quality
