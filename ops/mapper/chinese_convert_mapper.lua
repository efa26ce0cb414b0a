-- Converts between kinds of Chinese as OpenCC 1.1.9 does. A mode is FROM2TO: s simplified, t traditional, tw Taiwan, hk
-- Hong Kong, jp Japanese; a p at its end takes phrases of everyday use along.
local Mapper = require("dm.base_op").Mapper
local chinese = require "dm.text.chinese"

local ChineseConvert = Mapper:extend {
  name = "chinese_convert_mapper",
  summary = "Convert between traditional, simplified and other Chinese.",
  origin = "Data-Juicer",
  params = {
    { "mode", "string", default = "s2t", one_of = chinese.MODES, doc = "from which Chinese to which" },
  },
  examples = {
    { input = { text = "数据清洗" }, output = { text = "數據清洗" } },
    { params = { mode = "s2twp" }, input = { text = "鼠标" }, output = { text = "滑鼠" } },
  },
}

function ChineseConvert:init()
  self.converter = chinese.converter(self.mode)
end

function ChineseConvert:execute(sample)
  local s = self:get_text(sample)
  local nul = s:find("\0", 1, true)
  self:set_text(sample, self.converter:convert(nul and s:sub(1, nul - 1) or s))
end

return ChineseConvert
