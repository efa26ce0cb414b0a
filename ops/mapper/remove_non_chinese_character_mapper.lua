-- Keeps Chinese characters (U+4E00 to U+9FA5) and, unless told otherwise, ASCII letters, ASCII digits and 28 marks.
-- Everything else goes, line ends too. Prefer replace_content_mapper with the pattern [^一-龥\n] to keep lines.
local Mapper = require("dm.base_op").Mapper
local text = require "dm.text"

local RemoveNonChinese = Mapper:extend {
  name = "remove_non_chinese_character_mapper",
  summary = "Remove what is neither Chinese nor a letter, digit or mark.",
  origin = "Data-Juicer",
  params = {
    { "keep_alphabet", "boolean", default = true, doc = "keep A to Z and a to z" },
    { "keep_number", "boolean", default = true, doc = "keep 0 to 9" },
    { "keep_punc", "boolean", default = true, doc = "keep .， ,-。%《*》/•、&＆(—)（+）：？!！“”· and the space" },
  },
  examples = {
    { input = { text = "数据 data, é\n2" }, output = { text = "数据 data, 2" } },
    { params = { keep_punc = false, keep_alphabet = false }, input = { text = "数据 a, 1" }, output = { text = "数据1" } },
  },
}

function RemoveNonChinese:init()
  local kept = { { 0x4E00, 0x9FA5 } }
  if self.keep_alphabet then
    kept[#kept + 1] = { 0x41, 0x5A }
    kept[#kept + 1] = { 0x61, 0x7A }
  end
  if self.keep_number then kept[#kept + 1] = { 0x30, 0x39 } end
  if self.keep_punc then kept[#kept + 1] = ".， ,-。%《*》/•、&＆(—)（+）：？!！“”·" end
  self.set = text.charset(kept)
end

function RemoveNonChinese:execute(sample)
  self:set_text(sample, self.set:keep(self:get_text(sample)))
end

return RemoveNonChinese
