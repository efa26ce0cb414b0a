-- Makes a document of Word of the text: `data` gets its bytes in base64, since a field holds text, `text` becomes
-- empty. Each line is a paragraph. A line that begins with <html> and ends with </html> is an empty paragraph and its
-- table; one without spans is read as pandas reads it: rows of headings are dropped, numbers are written anew (007
-- becomes 7; with a blank in their column 1 becomes 1.0), and cells that are 0, False or NA become empty. What XML can
-- not hold (control characters) is left out, with what follows it in the line.
local docx = require "dm.docx"
local frame = require "dm.docx.frame"
local grids = require "dm.docx.grid"
local html = require "dm.text.html"
local markup_module = require "dm.docx.markup"
local raised = require "dm.raised"
local spans = require "dm.docx.spans"
local Mapper = require("dm.base_op").Mapper

local TextToWord = Mapper:extend {
  name = "TextToWord",
  origin = "DataMate",
  cost = "a document is written, and encoded in Base64",
  summary = "Turn text into a document of Word, in base64 under `data`.",
}

-- A table of more places than this is left out: spans may ask for any number.
local MOST_PLACES = 100000

---A table without spans.
local function plain_table(markup)
  local rows, columns = frame.read(markup_module.sections(markup), MOST_PLACES)
  if not rows then return nil end
  return docx.table(grids.new(#rows, columns, function(y, x) return rows[y + 1][x + 1] end))
end

---The table of a line: of all its tables the rows when a cell spans places, else the first that has anything.
local function read_table(line)
  local markups = html.table_markup(line)
  if markup_module.has_spans(markups) then
    return docx.table(spans.grid(markup_module.all_rows(markups), MOST_PLACES))
  end
  local first
  for _, markup in ipairs(markups) do
    local made = markup_module.has_text(markup) and plain_table(markup)
    first = first or made
  end
  return first
end

---The table of a line; nothing where there is none, or none that can be made.
local function table_of(line)
  local ok, made = pcall(read_table, line)
  if not ok and raised.is_memory(made) then error(made, 0) end
  return ok and made or ""
end

---Whether a line is one of HTML.
local function is_html(line)
  return line:find "^<html>" and line:find "</html>$"
end

---Where a line begins that may be one of HTML; nil when there is none from byte `at` on, the start of a line.
local function find_html(s, at)
  if s:find("^<html>", at) then return at end
  local newline = s:find("\n<html>", at, true)
  return newline and newline + 1
end

---@param s string
---@return string the bytes of a document, in Base64
function TextToWord.document(s)
  local doc, from = docx.begin(), 1 -- what stands before `from` is in the document
  local start = find_html(s, 1)
  while start do
    local stop = s:find("\n", start, true) or #s + 1
    local line = s:sub(start, stop - 1)
    if is_html(line) then
      if start > from then doc:lines(s, from, start - 2) end
      doc:add(docx.EMPTY .. table_of(line))
      from = stop + 1
    end
    start = stop <= #s and find_html(s, stop + 1)
  end
  if from <= #s + 1 then doc:lines(s, from, #s) end
  return doc:finish()
end

TextToWord.examples = {
  {
    input = { text = "one line" },
    output = { text = "", data = TextToWord.document "one line", target_type = "docx" },
  },
}

function TextToWord:execute(sample)
  sample[self.data_key] = TextToWord.document(self:get_text(sample))
  self:set_text(sample, "")
  sample[self.target_type_key] = "docx"
end

return TextToWord
