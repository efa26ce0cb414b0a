-- Mends texts as ftfy 6.3.1 does: UTF-8 that was read by a code page, named characters of HTML (unless the text is
-- HTML), control characters and terminal escapes, ligatures, full and half width, curly quotation marks, line ends;
-- then a Unicode normalisation form. What would take more than 64 rounds is left as it is after them.
local Mapper = require("dm.base_op").Mapper
local unicode = require "dm.text.unicode"

local FixUnicode = Mapper:extend {
  name = "fix_unicode_mapper",
  summary = "Mend characters that were decoded or encoded wrongly.",
  origin = "Data-Juicer",
  params = {
    { "normalization", "string", default = "NFC", doc = "NFC, NFD, NFKC or NFKD, also in small letters; none: NFC" },
  },
  examples = {
    { input = { text = "schÃ¶n &amp; “gut”" }, output = { text = 'schön & "gut"' } },
    { params = { normalization = "nfkc" }, input = { text = "ﬁve²" }, output = { text = "five2" } },
  },
}

local FORMS = { NFC = true, NFD = true, NFKC = true, NFKD = true }

function FixUnicode:init()
  local form = (self.normalization or ""):upper()
  self.form = form == "" and "NFC" or form
  if not FORMS[self.form] then
    error(('fix_unicode_mapper: normalization must be NFC, NFD, NFKC or NFKD, not "%s"'):format(self.normalization), 0)
  end
end

function FixUnicode:execute(sample)
  self:set_text(sample, unicode.fix(self:get_text(sample), self.form))
end

return FixUnicode
