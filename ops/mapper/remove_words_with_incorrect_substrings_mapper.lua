-- Drops the words that hold one of the substrings; special characters at a word's ends do not count. Words are
-- separated by spaces, TABs and line ends; several of those become one, and empty lines go.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"

local RemoveWords = Mapper:extend {
  name = "remove_words_with_incorrect_substrings_mapper",
  summary = "Remove words that hold certain substrings.",
  origin = "Data-Juicer",
  params = {
    { "lang", "string", default = "en", doc = "language of the tokenization's model; words need none" },
    { "tokenization", "boolean", default = false, only_default = "it needs a SentencePiece model",
      doc = "cut the text into a model's pieces instead of words" },
    {
      "substrings",
      "list",
      default = { "http", "www", ".com", "href", "//" },
      doc = "what no word may hold",
    },
  },
  examples = {
    { input = { text = "see https://a.org or (www.b.org)" }, output = { text = "see or" } },
    { params = { substrings = { "ab" } }, input = { text = "cab bac" }, output = { text = "bac" } },
  },
}

local DEFAULT = RemoveWords.own_params[3].default

function RemoveWords:init()
  self.sift = clean.words_with(self.substrings or DEFAULT)
end

function RemoveWords:execute(sample)
  self:set_text(sample, self.sift(self:get_text(sample)))
end

return RemoveWords
