-- Makes simplified Chinese of traditional, and curly quotes of corner brackets. DataMate uses zhconv's table, which is
-- under the GPL; this uses OpenCC's without the phrases that DataMate does not have, and leaves about 580 rare
-- variants alone.
local chinese = require "dm.chinese"
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
