-- Puts the tables of an HTML document into a field: each a list of rows, a row a list of the texts of its cells. A
-- table inside another is in the outer cell's text, its rows are among the outer table's, and it is a table of its
-- own. A sample that has the field already stays as it is.
local Mapper = require("dm.base_op").Mapper
local dm = require "dm"
local html = require "dm.text.html"

local META = "__dj__meta__"

local ExtractTables = Mapper:extend {
  name = "extract_tables_from_html_mapper",
  summary = "Extract the tables of HTML into a field.",
  origin = "Data-Juicer",
  params = {
    { "tables_field_name", "string", default = "html_tables", doc = "name of the field, in " .. META },
    { "retain_html_tags", "boolean", default = false, doc = "each table as HTML instead" },
    { "include_header", "boolean", default = true, doc = "with rows that have a header cell" },
  },
  examples = {
    {
      input = { text = "<table><tr><th>a<th>b</tr><tr><td> 1 </td><td>2</td></tr></table>" },
      output = {
        text = "<table><tr><th>a<th>b</tr><tr><td> 1 </td><td>2</td></tr></table>",
        [META] = { html_tables = { { { "ab" }, { "1", "2" } } } },
      },
    },
  },
}

---Lists as arrays, at every depth.
local function arrays(list)
  local t = dm.array {}
  for i, v in ipairs(list) do t[i] = type(v) == "table" and arrays(v) or v end
  return t
end

function ExtractTables:execute(sample)
  local meta = sample[META]
  if meta == nil then
    sample[META] = {}
    meta = sample[META]
  elseif meta[self.tables_field_name] ~= nil then
    return
  end
  local s = self:get_text(sample)
  local tables = self.retain_html_tags and html.table_markup(s) or html.tables(s, self.include_header)
  meta[self.tables_field_name] = arrays(tables)
end

return ExtractTables
