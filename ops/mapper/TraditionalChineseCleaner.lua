-- Makes simplified Chinese of traditional, and curly quotes of corner brackets. DataMate uses zhconv's table, which is
-- under the GPL; this uses OpenCC's without the phrases that DataMate does not have. It leaves 594 rare variants alone
-- that zhconv 1.4.3 changes, such as 勅 and 鉄 (501 in the basic block of ideographs, 49 in extension A, 44 beyond),
-- makes 苎 of 苧, and lacks 363 of zhconv's 644 phrases, most of them with 乾, 么 or 於, so that 乾一組 becomes 干一组. OpenCC's
-- other dictionaries have no rule for these: those that know some would change others that are right now. Prefer
-- chinese_convert_mapper with the mode t2s, which has all of OpenCC's phrases and leaves brackets alone.
local chinese = require "dm.text.chinese"
local datamate = require "dm.datamate"

local TraditionalChineseCleaner = datamate.TextMapper:extend {
  name = "TraditionalChineseCleaner",
  summary = "Turn traditional Chinese into simplified.",
  examples = { { input = { text = "「數據」清洗" }, output = { text = "“数据”清洗" } } },
}

local QUOTES = "「\t“\n」\t”\n『\t‘\n』\t’\n｢\t“\n｣\t”\n"

function TraditionalChineseCleaner:init()
  self.converter = chinese.converter("t2s", QUOTES, "DataMateOmits")
end

function TraditionalChineseCleaner:clean(s) return self.converter:convert(s) end

return TraditionalChineseCleaner
