-- Makes 34 marks of punctuation ASCII, one by one. As with Data-Juicer a full-width 1 becomes a quotation mark, and
-- the single opening quotation mark stays. Prefer FullWidthCharacterCleaner for full-width letters and digits, before
-- it.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"

local PunctuationNormalization = Mapper:extend {
  name = "punctuation_normalization_mapper",
  summary = "Turn Chinese and typographic punctuation into ASCII.",
  origin = "Data-Juicer",
  examples = { { input = { text = "他说：“好。”…" }, output = { text = "他说:\"好.\"..." } } },
}

function PunctuationNormalization:execute(sample)
  self:set_text(sample, clean.punctuation(self:get_text(sample)))
end

return PunctuationNormalization
