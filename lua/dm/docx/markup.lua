-- Reads the tables of HTML that has been put in order (dm.text.html.table_markup).
local text = require "dm.text"

local M = {}

local SIGNS = { ["&amp;"] = "&", ["&lt;"] = "<", ["&gt;"] = ">" }

---@class dm.HtmlCell
---@field text string
---@field head boolean a th
---@field columns integer? that it spans
---@field rows integer?

---Spans of more places than this are none: they may ask for any number.
local MOST_SPAN = 100000

---The number of places that an attribute of a cell asks for; raises when it is none. A heading's may be empty: it is
---read by pandas, other cells' by int().
local function span_of(attributes, name, head)
  local value = attributes:match(" " .. name .. '="([^"]*)"')
  if not value or head and value == "" then return nil end
  local n = tonumber(value:match "^%s*([+-]?%d+)%s*$")
  if not n or math.abs(n) > MOST_SPAN then error(("%s=%q is no number of places"):format(name, value), 0) end
  return n
end

local function cell_of(name, attributes)
  local head = name == "th"
  return { head = head, columns = span_of(attributes, "colspan", head), rows = span_of(attributes, "rowspan", head) }
end

---Calls `each` with every tag and the text behind it; comments are tags without a name.
---@param markup string
---@param each fun(close: boolean, name: string, attributes: string, content: string)
local function each_tag(markup, each)
  markup = markup:gsub("<!%-%-.-%-%->", "<!>")
  for close, name, attributes, content in markup:gmatch "<(/?)([^%s>/]*)([^>]*)>([^<]*)" do
    each(close ~= "", name, attributes, (content:gsub("&%a+;", SIGNS)))
  end
end

---Whether a cell of data spans places, as an attribute says.
---@param tables string[]
---@return boolean
function M.has_spans(tables)
  local found = false
  for _, markup in ipairs(tables) do
    found = found or markup:find "<td[^>]* colspan=" ~= nil or markup:find "<td[^>]* rowspan=" ~= nil
  end
  return found
end

local SILENT = { script = true, style = true, template = true }

---Reads the rows of one table and of the tables inside it: a row has all data cells inside it, and a cell all texts
---inside it, each without white space around it.
local function read_nested(markup, rows)
  local open_rows, open_cells, silent, tables = {}, {}, 0, 0
  each_tag(markup, function(close, name, attributes, content)
    if name == "table" and not close then tables = tables + 1 end
    if SILENT[name] then silent = silent + (close and -1 or 1) end
    if name == "tr" and close then
      table.remove(open_rows)
    elseif name == "tr" then
      rows[#rows + 1] = {}
      table.insert(open_rows, rows[#rows])
    elseif name == "td" and close then
      table.remove(open_cells)
    elseif name == "td" then
      local cell = cell_of(name, attributes)
      cell.parts = {}
      table.insert(open_cells, cell)
      for _, row in ipairs(open_rows) do table.insert(row, cell) end
    end
    local piece = silent == 0 and text.strip(content) or ""
    if piece ~= "" then
      for _, cell in ipairs(open_cells) do table.insert(cell.parts, piece) end
    end
  end)
  return tables
end

---The rows of all tables, and their cells of data, as Beautiful Soup finds them.
---@param tables string[] those inside others follow them
---@return dm.HtmlCell[][]
function M.all_rows(tables)
  local rows, i = {}, 1
  while tables[i] do i = i + read_nested(tables[i], rows) end
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row) do cell.text = cell.text or table.concat(cell.parts) end
  end
  return rows
end

local SECTIONS = { table = true, thead = true, tbody = true, tfoot = true }

---The part of a table that a row belongs to, by the sections that are open around it; nil when it belongs to a table
---inside. The rows of tables inside a tbody or tfoot are also its own, since pandas looks for them at any depth.
local function part_of(open)
  local tables = 0
  for _, name in ipairs(open) do
    if name == "tbody" or name == "tfoot" then return name end
    tables = tables + (name == "table" and 1 or 0)
  end
  local innermost = open[#open]
  if innermost == "thead" then return "thead" end
  return tables == 1 and innermost or nil
end

---What is open while the sections of a table are read. Rows and cells know in how many tables they stand.
---@class dm.SectionReader
---@field sections string[] names
---@field rows table[]
---@field cells table[]
---@field parts table<string, table[]>
local Reader = {}
Reader.__index = Reader

---Ends the row or cell that was opened last in the innermost table.
function Reader:close(list)
  local last = list[#list]
  if not last or last.depth ~= self.depth then return end
  list[#list] = nil
  if last.parts then last.text = table.concat(last.parts) end
end

---An element begins; a cell ends the cell before it, a row the row.
function Reader:open(name, attributes)
  if SECTIONS[name] then
    table.insert(self.sections, name)
    if name == "table" then self.depth = self.depth + 1 end
  elseif name == "tr" then
    self:close(self.cells)
    self:close(self.rows)
    table.insert(self.rows, { depth = self.depth })
    local part = part_of(self.sections)
    if part then table.insert(self.parts[part], self.rows[#self.rows]) end
  elseif name == "td" or name == "th" then
    self:close(self.cells)
    local cell, row = cell_of(name, attributes), self.rows[#self.rows]
    cell.parts, cell.depth = {}, self.depth
    table.insert(self.cells, cell)
    if row and row.depth == self.depth then table.insert(row, cell) end
  end
end

---An element ends.
function Reader:shut(name)
  if SECTIONS[name] then
    table.remove(self.sections)
    if name == "table" then self.depth = self.depth - 1 end
  elseif name == "tr" then
    self:close(self.cells)
    self:close(self.rows)
  elseif name == "td" or name == "th" then
    self:close(self.cells)
  end
end

---The rows of one table by its parts, as pandas looks for them; tables inside it are text of their cells.
---@param markup string
---@return { head: dm.HtmlCell[][], body: dm.HtmlCell[][], foot: dm.HtmlCell[][] }
function M.sections(markup)
  local parts = { thead = {}, tbody = {}, table = {}, tfoot = {} }
  local reader = setmetatable({ sections = {}, rows = {}, cells = {}, parts = parts, depth = 0 }, Reader)
  each_tag(markup, function(close, name, attributes, content)
    if close then reader:shut(name) else reader:open(name, attributes) end
    for _, cell in ipairs(reader.cells) do table.insert(cell.parts, (name == "br" and "\n" or "") .. content) end
  end)
  for _, r in ipairs(parts.table) do table.insert(parts.tbody, r) end
  return { head = parts.thead, body = parts.tbody, foot = parts.tfoot }
end

---Whether a table has a text: pandas knows no other.
---@param markup string
---@return boolean
function M.has_text(markup) return markup:find ">[^<\r\n]" ~= nil end

return M
