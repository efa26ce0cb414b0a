-- Removes the tags of HTML by their names, and attributes but colspan and rowspan from every other tag. What scripts
-- and styles hold stays, as do comments and "<br/>". Samples whose fileType is "xml" pass untouched. DataMate's own
-- form sends removeTableTags as the text "false", which counts as true, as it does here. Prefer clean_html_mapper,
-- which parses HTML.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local text = require "dm.text"

local C, out = ffi.C, ffi.C.dm_text_out()

local HtmlTagCleaner = datamate.TextMapper:extend {
  name = "HtmlTagCleaner",
  summary = "Remove the tags of HTML.",
  params = {
    { "removeTableTags", "any", default = false, doc = "whether table, tbody, tr, td and th go too" },
  },
  examples = {
    { input = { text = '<p class="x">a <b>b</b></p>' }, output = { text = "a b" } },
    { input = { text = '<td id="1" colspan="2">a</td>' }, output = { text = '<td colspan="2">a</td>' } },
    { params = { removeTableTags = true }, input = { text = "<td>a</td>" }, output = { text = "a" } },
  },
}

function HtmlTagCleaner:init()
  self.tables = datamate.truthy(self.removeTableTags) and 1 or 0
end

function HtmlTagCleaner:execute(sample)
  if sample[self.fileType_key] ~= "xml" then datamate.TextMapper.execute(self, sample) end
end

function HtmlTagCleaner:clean(s)
  return datamate.strip_attributes(text.made(C.dm_text_tags(s, #s, self.tables, out), s))
end

return HtmlTagCleaner
