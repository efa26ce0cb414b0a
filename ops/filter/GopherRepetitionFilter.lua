-- Keeps texts that repeat themselves little, by the rules of Gopher (Rae et al. 2021,
-- https://arxiv.org/abs/2112.11446, table A1), as datatrove's filter of this name has them, in its order and with its
-- reasons. Shares are of code points of the text. A rule whose limit is none or 0 is off, as are lists that are none.
-- Words are what white space separates (datatrove cuts them with spaCy), and n-grams are equal when their words are;
-- datatrove's duplicate n-grams take "ab c" and "a bc" for the same.
local Filter = require("dm.base_op").Filter
local quality = require "dm.text.quality"
local text = require "dm.text"

local TOP = { { 2, 0.2 }, { 3, 0.18 }, { 4, 0.16 } }
local DUPLICATE = { { 5, 0.15 }, { 6, 0.14 }, { 7, 0.13 }, { 8, 0.12 }, { 9, 0.11 }, { 10, 0.10 } }
local LONGEST = 100

local GopherRepetition = Filter:extend {
  name = "GopherRepetitionFilter",
  summary = "Keep texts that repeat themselves little, by the rules of Gopher.",
  origin = "datatrove",
  params = {
    { "dup_line_frac", "number", default = 0.3, doc = "greatest share of lines that stood before" },
    { "dup_para_frac", "number", default = 0.3, doc = "greatest share of paragraphs that stood before" },
    { "dup_line_char_frac", "number", default = 0.2, doc = "greatest share of the text in such lines" },
    { "dup_para_char_frac", "number", default = 0.2, doc = "greatest share of the text in such paragraphs" },
    { "top_n_grams", "list", default = TOP,
      doc = "pairs: of n words, and the greatest share of the text in the most frequent n-gram" },
    { "dup_n_grams", "list", default = DUPLICATE,
      doc = "pairs: of n words, and the greatest share of the text in n-grams that stood before" },
  },
  examples = {
    { input = { text = "Each of these words stands here but once, so nothing that one might count comes back: neither "
      .. "lines nor paragraphs, nor any row of two, three or four words that takes up much of this text." },
      keep = true },
    { input = { text = "the same line\nthe same line\nthe same line" }, keep = false },
    { input = { text = ("one two three four five six "):rep(4) }, keep = false },
  },
}

---The greatest n of a list of pairs, which is checked.
local function longest(list, name)
  local most = 0
  for _, pair in ipairs(list) do
    local n, share = pair[1], pair[2]
    if type(n) ~= "number" or n < 1 or n > LONGEST or n % 1 ~= 0 or type(share) ~= "number" then
      error(("GopherRepetitionFilter: %s must hold pairs of a number of words, 1 to %d, and a share"):format(name,
        LONGEST), 0)
    end
    most = math.max(most, n)
  end
  return most
end

function GopherRepetition:init()
  self.top_n_grams, self.dup_n_grams = self.top_n_grams or {}, self.dup_n_grams or {}
  self.grams = quality.grams(math.max(1, longest(self.top_n_grams, "top_n_grams"),
    longest(self.dup_n_grams, "dup_n_grams")))
end

local function over(v, most) return most and most ~= 0 and v > most end

---The first rule about paragraphs or lines that is broken, and the value.
local function check_parts(s, length, kind, name, most, most_chars)
  local share, chars = quality.duplicates(s, kind)
  if over(share, most) then return name .. "_frac", share end
  if over(chars / length, most_chars) then return name .. "_char_frac", chars / length end
end

---The first pair of a list whose share is exceeded.
local function check_grams(chars, length, list, reason)
  for _, pair in ipairs(list) do
    local share = chars[pair[1]] / length
    if share > pair[2] then return reason:format(pair[1]), share end
  end
end

local function check(self, s)
  local length = text.length(s)
  local reason, value = check_parts(s, length, "paragraphs", "dup_para", self.dup_para_frac, self.dup_para_char_frac)
  if reason then return reason, value end
  reason, value = check_parts(s, length, "lines", "dup_line", self.dup_line_frac, self.dup_line_char_frac)
  if reason then return reason, value end
  local top, duplicate = self.grams(s)
  reason, value = check_grams(top, length, self.top_n_grams, "top_%d_gram")
  if reason then return reason, value end
  return check_grams(duplicate, length, self.dup_n_grams, "duplicated_%d_n_grams")
end

function GopherRepetition:execute(sample)
  local s = self:get_text(sample)
  if s == "" then return false, "empty" end
  local reason, value = check(self, s)
  if reason then return false, reason, value end
  return true
end

return GopherRepetition
