-- Keeps the text of an HTML document's body, in which <li> and <ol> become a line end and a star. As with Data-Juicer
-- there is nothing between the texts of two elements, and the text of scripts and styles in the body stays; white space
-- before the body goes, and so does a "<" that begins a tag where none was meant.
local Mapper = require("dm.base_op").Mapper
local html = require "dm.text.html"

local CleanHtml = Mapper:extend {
  name = "clean_html_mapper",
  summary = "Remove HTML, keeping its text.",
  origin = "Data-Juicer",
  examples = {
    { input = { text = "<title>T</title><p>a &lt; b</p>c" }, output = { text = "a < bc" } },
    { input = { text = "<ul><li>one</li><li>two</li></ul>" }, output = { text = "\n*one\n*two" } },
  },
}

---Every `what` in s, as it stands, becomes `with`.
local function replace(s, what, with)
  local at, from, parts = s:find(what, 1, true), 1, {}
  if not at then return s end
  while at do
    parts[#parts + 1] = s:sub(from, at - 1)
    from = at + #what
    at = s:find(what, from, true)
  end
  parts[#parts + 1] = s:sub(from)
  return table.concat(parts, with)
end

function CleanHtml:execute(sample)
  local s = self:get_text(sample)
  s = replace(replace(s, "<li>", "\n*"), "</li>", "")
  s = replace(replace(s, "<ol>", "\n*"), "</ol>", "")
  self:set_text(sample, html.text(s))
end

return CleanHtml
