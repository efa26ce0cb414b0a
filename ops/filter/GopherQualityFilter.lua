-- Keeps texts that pass the quality rules of Gopher (Rae et al. 2021, https://arxiv.org/abs/2112.11446, A.1.1), as
-- datatrove's filter of this name has them, in its order and with its reasons. A rule whose limit is none or 0 is off.
-- Words are what white space separates; datatrove cuts them with spaCy, so that "end." is two words there, and means
-- and shares differ a little. Stop words must be written as they are listed.
local Filter = require("dm.base_op").Filter
local quality = require "dm.text.quality"

local STOP_WORDS = { "the", "be", "to", "of", "and", "that", "have", "with" }

local GopherQuality = Filter:extend {
  name = "GopherQualityFilter",
  summary = "Keep texts that pass the quality rules of Gopher.",
  origin = "datatrove",
  params = {
    { "min_doc_words", "integer", default = 50, doc = "least number of words that are more than punctuation" },
    { "max_doc_words", "integer", default = 100000, doc = "greatest number of them" },
    { "min_avg_word_length", "number", default = 3, doc = "least mean length of them" },
    { "max_avg_word_length", "number", default = 10, doc = "greatest mean length of them" },
    { "max_symbol_word_ratio", "number", default = 0.1,
      doc = "most number signs for each word, and most ellipses for each word" },
    { "max_bullet_lines_ratio", "number", default = 0.9, doc = "greatest share of lines that begin with • or -" },
    { "max_ellipsis_lines_ratio", "number", default = 0.3, doc = "greatest share of lines that end with an ellipsis" },
    { "max_non_alpha_words_ratio", "number", default = 0.8,
      doc = "least share of words that have a letter; the name is datatrove's" },
    { "min_stop_words", "integer", default = 2, doc = "how many different stop words there must be" },
    { "stop_words", "list", default = STOP_WORDS, doc = "the stop words" },
  },
  examples = {
    { input = { text = ("the river and the town with a bridge\n"):rep(10) }, keep = true },
    { input = { text = "too short" }, keep = false },
    { params = { min_doc_words = 1, min_stop_words = 0 }, input = { text = "- some\n- bullets\n- here" },
      keep = false },
  },
}

---The limit of a rule, or nil when it is off.
local function limit(v) return v ~= 0 and v or nil end

function GopherQuality:init()
  for _, p in ipairs(self.own_params) do self[p[1]] = limit(self[p[1]]) end
  self.stop_words = self.stop_words or STOP_WORDS
end

---Whether a value breaks a rule that is on.
local function under(v, least) return least and v < least end
local function over(v, most) return most and v > most end

---The first rule about words that is broken, and the value.
local function check_words(self, k)
  local mean = k.real_chars / k.real_words
  if under(k.real_words, self.min_doc_words) then return "gopher_short_doc", k.real_words end
  if over(k.real_words, self.max_doc_words) then return "gopher_long_doc", k.real_words end
  if under(mean, self.min_avg_word_length) then return "gopher_below_avg_threshold", mean end
  if over(mean, self.max_avg_word_length) then return "gopher_above_avg_threshold", mean end
end

---The first other rule that is broken, and the value.
local function check_signs(self, k)
  local hashes, ellipses = k.hashes / k.words, k.ellipses / k.words
  local bullets, trailing, lettered = k.bullets / k.lines, k.trailing / k.lines, k.lettered_words / k.words
  if over(hashes, self.max_symbol_word_ratio) then return "gopher_too_many_hashes", hashes end
  if over(ellipses, self.max_symbol_word_ratio) then return "gopher_too_many_ellipsis", ellipses end
  if over(bullets, self.max_bullet_lines_ratio) then return "gopher_too_many_bullets", bullets end
  if over(trailing, self.max_ellipsis_lines_ratio) then return "gopher_too_many_end_ellipsis", trailing end
  if under(lettered, self.max_non_alpha_words_ratio) then return "gopher_below_alpha_threshold", lettered end
end

function GopherQuality:execute(sample)
  local s = self:get_text(sample)
  local counts = quality.counts(s)
  local reason, value = check_words(self, counts)
  if not reason then reason, value = check_signs(self, counts) end
  if not reason and self.min_stop_words then
    value = quality.distinct_words(s, self.stop_words, self.min_stop_words)
    reason = value < self.min_stop_words and "gopher_enough_stop_words"
  end
  if reason then return false, reason, value end
  return true
end

return GopherQuality
