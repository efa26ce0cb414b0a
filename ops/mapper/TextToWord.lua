-- Makes a document of Word of the text: `data` gets its bytes in base64, since a field holds text, `text` becomes
-- empty. Each line is a paragraph. A line that begins with <html> and ends with </html> is an empty paragraph and its
-- table; one without spans is read as pandas reads it: rows of headings are dropped, numbers are written anew (007
-- becomes 7; with a blank in their column 1 becomes 1.0), and cells that are 0, False or NA become empty. What XML can
-- not hold (control characters) is left out, with what follows it in the line.
local docx = require "dm.docx"
local html = require "dm.text.html"
local python_float = require "dm.python_float"
local text = require "dm.text"
local Mapper = require("dm.base_op").Mapper

local TextToWord = Mapper:extend {
  name = "TextToWord",
  origin = "DataMate",
  cost = "a document is written, and encoded in Base64",
  summary = "Turn text into a document of Word, in base64 under `data`.",
}

-- Tables ---------------------------------------------------------------------------------------------

-- A table of more places than this is left out: spans may ask for any number.
local MOST_PLACES = 100000

local SIGNS = { ["&amp;"] = "&", ["&lt;"] = "<", ["&gt;"] = ">" }

---@class dm.HtmlCell
---@field text string
---@field head boolean a th
---@field columns integer
---@field rows integer

---The number of places that an attribute asks for; raises when it is none.
local function span_of(attributes, name)
  local value = attributes:match(" " .. name .. '="([^"]*)"')
  if not value then return 1, false end
  local n = tonumber(value:match "^%s*%+?(%d+)%s*$")
  if not n or n > MOST_PLACES then error(("%s=%q is no number of places"):format(name, value), 0) end
  return math.max(n, 1), true
end

---The rows of a table whose markup has been put in order; tables inside it are text of their cells.
---@param markup string
---@return { head: boolean, [integer]: dm.HtmlCell }[] rows head: it stands in a thead
---@return boolean spans whether any cell has one
local function read_rows(markup)
  local rows, depth, cell, head, spans = {}, 0, nil, false, false
  for close, name, attributes, content in markup:gmatch "<(/?)([^%s>/]+)([^>]*)>([^<]*)" do
    if name == "table" then depth = depth + (close == "" and 1 or -1) end
    if depth == 1 and close == "" and name == "tr" then
      rows[#rows + 1] = { head = head }
    elseif depth == 1 and name == "thead" then
      head = close == ""
    elseif depth == 1 and (name == "td" or name == "th") then
      cell = nil
      if close == "" and #rows > 0 then
        local columns, a = span_of(attributes, "colspan")
        local height, b = span_of(attributes, "rowspan")
        spans = spans or (name == "td" and (a or b))
        cell = { text = {}, head = name == "th", columns = columns, rows = height }
        table.insert(rows[#rows], cell)
      end
    end
    if cell and content ~= "" then table.insert(cell.text, (content:gsub("&%a+;", SIGNS))) end
  end
  for _, row in ipairs(rows) do
    for _, c in ipairs(row) do c.text = table.concat(c.text) end
  end
  return rows, spans
end

---A grid of cells, each in all the places that it spans.
---@param rows dm.HtmlCell[][]
---@param columns integer
local function lay_out(rows, columns)
  if #rows * columns > MOST_PLACES then error("the table is too large", 0) end
  local grid = {}
  for i = 1, #rows do grid[i] = {} end
  for i, row in ipairs(rows) do
    local at = 1
    for _, c in ipairs(row) do
      while grid[i][at] do at = at + 1 end
      if at > columns then break end
      local width = 1
      while width < c.columns and at + width <= columns and not grid[i][at + width] do width = width + 1 end
      local placed = { text = text.strip(c.text), columns = width, rows = math.min(c.rows, #rows - i + 1) }
      for y = i, i + placed.rows - 1 do
        for x = at, at + width - 1 do grid[y][x] = placed end
      end
    end
    for x = 1, columns do grid[i][x] = grid[i][x] or { text = "", columns = 1, rows = 1 } end
  end
  return grid
end

---A table with spans: its data cells, as they are.
local function spanned_table(rows)
  local columns, kept = 0, {}
  for i, row in ipairs(rows) do
    local width, cells = 0, {}
    for _, c in ipairs(row) do
      if not c.head then
        width = width + c.columns
        cells[#cells + 1] = c
      end
    end
    columns, kept[i] = math.max(columns, width), cells
  end
  return columns > 0 and docx.table(lay_out(kept, columns), columns) or ""
end

-- What pandas makes of a table -----------------------------------------------------------------------

local MISSING = {}
for word in ("#N/A #N/A_N/A #NA -1.#IND -1.#QNAN -NaN -nan 1.#IND 1.#QNAN <NA> N/A NA NULL NaN None n/a nan null")
  :gmatch "%S+" do
  MISSING[word:gsub("_", " ")] = true
end
MISSING[""] = true

local TRUTH = { True = "True", TRUE = "True", ["true"] = "True", False = "", FALSE = "", ["false"] = "" }

---Without commas between digits, where it is a number.
local function without_thousands(s)
  local whole = s:match "^[-+]?([%d,]*)%.?%d*[eE]?%-?%d*$"
  if not whole or whole:find "^," or whole:find(",,", 1, true) then return s end
  return (s:gsub(",", ""))
end

---As Python's repr writes a float.
local function float_text(x)
  if x == 0 or x ~= x then return "" end
  if x == math.huge or x == -math.huge then return x > 0 and "inf" or "-inf" end
  local digits = 1
  while digits < 17 and tonumber(("%%.%de"):format(digits - 1):format(x)) ~= x do digits = digits + 1 end
  local mantissa, exponent = ("%%.%de"):format(digits - 1):format(x):match "^(.-)e(.*)$"
  exponent = tonumber(exponent)
  if exponent < -4 or exponent >= 16 then
    return ("%se%s%02d"):format(mantissa, exponent < 0 and "-" or "+", math.abs(exponent))
  end
  return ("%%.%df"):format(math.max(digits - 1 - exponent, 1)):format(x)
end

---An integer without leading zeros and plus sign; nothing for 0.
local function integer_text(s)
  local sign, digits = s:match "^([-+]?)0*(%d*)$"
  return digits == "" and "" or (sign == "-" and "-" or "") .. digits
end

---Whether an integer does not fit into 64 bits with a sign.
local function is_large(s)
  local sign, digits = s:match "^([-+]?)0*(%d+)$"
  if not digits then return false end
  local most = sign == "-" and "9223372036854775808" or "9223372036854775807"
  return #digits > #most or #digits == #most and digits > most
end

---Whether all values that are there have a property; false when none is there.
local function all(values, has)
  local any = false
  for _, v in ipairs(values) do
    if not MISSING[v] then
      if not has(v) then return false end
      any = true
    end
  end
  return any
end

---Writes a column's values as str() of what pandas makes of them, in place.
local function convert(values)
  local missing, negative, large, write = false, false, false, function(v) return v end
  for _, v in ipairs(values) do
    missing = missing or MISSING[v] ~= nil
    negative = negative or v:find "^%-0*[1-9]%d*$" ~= nil
    large = large or is_large(v)
  end
  local function is_number(v) return not v:find "[_\128-\255]" and python_float(v) ~= nil end
  if all(values, function(v) return TRUTH[v] end) then
    write = function(v) return TRUTH[v] end
  elseif large and (missing or negative) and all(values, is_number) then
    return -- too much for pandas, which leaves it all as it is
  elseif not missing and all(values, function(v) return v:find "^[-+]?%d+$" end) then
    write = integer_text
  elseif all(values, is_number) then
    write = function(v) return float_text(python_float(v)) end
  end
  for i, v in ipairs(values) do values[i] = MISSING[v] and "" or write(v) end
end

local SPACES = text.regex [[[\r\n]+|\s{2,}]]

---The text of a cell with its white space put in order.
local function tidy(s)
  return SPACES:replace(text.strip(s), " ")
end

---Whether a row is one of headings: those of a thead, else the first ones that have nothing but th.
local function heads(rows)
  local named = false
  for _, row in ipairs(rows) do named = named or row.head end
  local first = true
  return function(row)
    if named then return row.head end
    for _, c in ipairs(row) do first = first and c.head end
    return first
  end
end

---A single column without the cells that have nothing in them.
local function without_blanks(body)
  local list = {}
  for _, row in ipairs(body) do
    if row[1] ~= "" then list[#list + 1] = row end
  end
  return list
end

---The texts of the cells, row by row, without headings and rows that are empty.
local function body_of(rows)
  local body, columns, is_head = {}, 0, heads(rows)
  for _, row in ipairs(rows) do
    if not is_head(row) and #row > 0 then
      local values = {}
      for x, c in ipairs(row) do values[x] = without_thousands(tidy(c.text)) end
      body[#body + 1], columns = values, math.max(columns, #values)
    end
  end
  if columns == 1 then body = without_blanks(body) end
  if #body * columns > MOST_PLACES then error("the table is too large", 0) end
  return body, columns
end

---A table without spans.
local function plain_table(rows)
  local body, columns = body_of(rows)
  for x = 1, columns do
    local values = {}
    for y, row in ipairs(body) do values[y] = row[x] or "" end
    convert(values)
    for y, row in ipairs(body) do row[x] = { text = values[y], columns = 1, rows = 1 } end
  end
  return #body > 0 and docx.table(body, columns) or ""
end

-- The document ---------------------------------------------------------------------------------------

---The first table of a line; nothing where there is none, or none that can be made.
local function table_of(line)
  local ok, made = pcall(function()
    for _, markup in ipairs(html.table_markup(line)) do
      local rows, spans = read_rows(markup)
      if spans then return spanned_table(rows) end
      if markup:find ">[^<\r]" then return plain_table(rows) end -- pandas knows no table without text
    end
  end)
  if not ok and tostring(made):find "memory" then error(made, 0) end
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
