-- Removes what stands before the first \chapter, \part, \section, \subsection or \subsubsection of a LaTeX source. As
-- with Data-Juicer a \paragraph only counts with a \subparagraph right behind it, and a text without any heading stays
-- as it is, whatever `drop_no_head` says. Prefer replace_content_mapper with a pattern of your own where \paragraph
-- counts.
local Mapper = require("dm.base_op").Mapper
local latex = require "dm.text.latex"

local RemoveHeader = Mapper:extend {
  name = "remove_header_mapper",
  summary = "Remove what stands before the first heading of a LaTeX source.",
  origin = "Data-Juicer",
  params = {
    { "drop_no_head", "boolean", default = true, doc = "has no effect, as with Data-Juicer" },
  },
  examples = {
    { input = { text = "\\title{T}\n\\section*{One} text" }, output = { text = "\\section*{One} text" } },
    { input = { text = "no heading" }, output = { text = "no heading" } },
  },
}

function RemoveHeader:execute(sample)
  self:set_text(sample, latex.header(self:get_text(sample)))
end

return RemoveHeader
