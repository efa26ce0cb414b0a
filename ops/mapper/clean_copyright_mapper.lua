-- Removes the first /* */ comment when it holds "copyright". A text without such a comment loses its leading lines
-- that are empty or begin with //, # or --, whatever they say. Prefer replace_content_mapper with a pattern that asks
-- for "copyright" where other comments must stay.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"

local CleanCopyright = Mapper:extend {
  name = "clean_copyright_mapper",
  summary = "Remove the copyright notice at the head of source code.",
  origin = "Data-Juicer",
  examples = {
    { input = { text = "/* Copyright 2020 */int x;" }, output = { text = "int x;" } },
    { input = { text = "# by me\n\nx = 1\n# why" }, output = { text = "x = 1\n# why" } },
  },
}

function CleanCopyright:execute(sample)
  self:set_text(sample, clean.copyright(self:get_text(sample)))
end

return CleanCopyright
