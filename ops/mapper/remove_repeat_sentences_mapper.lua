-- Keeps the first of equal sentences in a text. A sentence ends after . 。 ! ！ ? ？ or two …, or after the quotation
-- mark that follows, and at the end of the line.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"

local RemoveRepeatSentences = Mapper:extend {
  name = "remove_repeat_sentences_mapper",
  summary = "Remove sentences that stood in the text before.",
  origin = "Data-Juicer",
  params = {
    { "lowercase", "boolean", default = false, doc = "compare in lower case" },
    {
      "ignore_special_character",
      "boolean",
      default = true,
      doc = "compare only ASCII letters and digits, Chinese characters, TABs and spaces",
    },
    {
      "min_repeat_sentence_length",
      "integer",
      default = 2,
      doc = "shorter sentences always stay; counted without what is not compared",
    },
  },
  examples = {
    { input = { text = "One. Two!One;\n\nOne. 三。" }, output = { text = "One. Two!\n\n 三。" } },
    { params = { lowercase = true }, input = { text = "Yes! yes!" }, output = { text = "Yes!" } },
  },
}

function RemoveRepeatSentences:execute(sample)
  self:set_text(sample, clean.repeated_sentences(self:get_text(sample), self.lowercase,
    self.ignore_special_character, self.min_repeat_sentence_length))
end

return RemoveRepeatSentences
