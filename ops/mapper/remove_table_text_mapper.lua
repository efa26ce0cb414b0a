-- Removes tables: two or more consecutive lines of the same number of columns, separated by single spaces, TABs or
-- bars, for each number from min_col to max_col in turn. The first line of a text and one without a line end never go.
-- As with Data-Juicer a prose line of up to max_col words is a row too. Prefer replace_content_mapper with a pattern
-- for the tables that you have, such as (?m)^\|[^\n]*\|\n.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"

local RemoveTableText = Mapper:extend {
  name = "remove_table_text_mapper",
  summary = "Remove lines that look like tables.",
  origin = "Data-Juicer",
  params = {
    { "min_col", "integer", default = 2, min = 2, max = 20, doc = "least number of columns" },
    { "max_col", "integer", default = 20, min = 2, max = 20, doc = "greatest number of columns" },
  },
  examples = {
    { input = { text = "Prices:\na 1\nb 2\n\nThat is all." }, output = { text = "Prices:\nThat is all." } },
  },
}

function RemoveTableText:execute(sample)
  self:set_text(sample, clean.tables(self:get_text(sample), self.min_col, self.max_col))
end

return RemoveTableText
