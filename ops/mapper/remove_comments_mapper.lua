-- Removes comments of LaTeX sources. As with Data-Juicer an inline comment takes the character before its % along,
-- even a line end, and `doc_type` is not looked at. Prefer replace_content_mapper with the pattern (?<!\\)%[^\n]*,
-- which takes comments alone.
local Mapper = require("dm.base_op").Mapper
local latex = require "dm.text.latex"

local RemoveComments = Mapper:extend {
  name = "remove_comments_mapper",
  summary = "Remove the comments of a LaTeX source.",
  origin = "Data-Juicer",
  params = {
    { "doc_type", "string|list", default = "tex", doc = "kind of the documents; there is only tex" },
    { "inline", "boolean", default = true, doc = "remove comments behind something in a line" },
    { "multiline", "boolean", default = true, doc = "remove lines that are comments" },
  },
  examples = {
    { input = { text = "%one\na %two\n5\\% b" }, output = { text = "a\n5\\% b" } },
    { params = { inline = false }, input = { text = "%one\na %two" }, output = { text = "a %two" } },
  },
}

function RemoveComments:execute(sample)
  local s = self:get_text(sample)
  if self.inline then s = latex.inline_comments(s) end
  if self.multiline then s = latex.comment_lines(s) end
  self:set_text(sample, s)
end

return RemoveComments
