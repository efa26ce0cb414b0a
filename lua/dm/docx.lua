-- Writes documents of Word (ECMA-376): paragraphs and tables.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local zip = require "dm.docx.zip"

local C, out = ffi.C, kernel.out

local M = {}

local HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
local PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
local OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
local MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

local TYPES = HEAD .. '<Types xmlns="' .. PACKAGE .. 'content-types">'
  .. '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
  .. '<Override PartName="/word/document.xml" ContentType='
  .. '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'

local RELATIONSHIPS = HEAD .. '<Relationships xmlns="' .. PACKAGE .. 'relationships"><Relationship Id="rId1" Type="'
  .. OFFICE .. 'officeDocument" Target="word/document.xml"/></Relationships>'

local function borders()
  local list = {}
  for i, side in ipairs { "top", "left", "bottom", "right", "insideH", "insideV" } do
    list[i] = ('<w:%s w:val="single" w:sz="4" w:space="0" w:color="auto"/>'):format(side)
  end
  return "<w:tblBorders>" .. table.concat(list) .. "</w:tblBorders>"
end

local TABLE = '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/>' .. borders() .. "</w:tblPr><w:tblGrid>"

local function made(status)
  if status < 0 then kernel.fail(status) end
  return ffi.string(out.p, out.n)
end

---A paragraph. Of a text that XML can not hold, what stands before the piece (between tabs) that it can not hold.
---@param s string
---@return string
function M.paragraph(s)
  out.n = 0
  return made(C.dm_docx_paragraph(s, #s, out))
end

---A paragraph for each line.
---@param s string
---@return string
function M.lines(s)
  out.n = 0
  local xml = made(C.dm_docx_lines(s, #s, out))
  kernel.trim(#s)
  return xml
end

---A paragraph without text.
M.EMPTY = "<w:p/>"

---@class dm.DocxCell a cell at its upper left place
---@field text string
---@field columns integer that it spans
---@field rows integer

---One cell, or the continuation of one that began in a row above. Merged cells keep a paragraph for each place.
local function cell_xml(cell, continued)
  local props = "<w:tcW w:w=\"0\" w:type=\"auto\"/>"
  if cell.columns > 1 then props = props .. ('<w:gridSpan w:val="%d"/>'):format(cell.columns) end
  if cell.rows > 1 then props = props .. (continued and "<w:vMerge/>" or '<w:vMerge w:val="restart"/>') end
  local content = continued and M.EMPTY or M.paragraph(cell.text) .. M.EMPTY:rep(cell.columns * cell.rows - 1)
  return "<w:tc><w:tcPr>" .. props .. "</w:tcPr>" .. content .. "</w:tc>"
end

---A table with lines between its cells.
---@param grid dm.DocxCell[][] rows of `columns` cells; one that spans places stands in each of them
---@param columns integer
---@return string
function M.table(grid, columns)
  local rows = {}
  for i, row in ipairs(grid) do
    local cells, at = {}, 1
    while at <= columns do
      local cell = row[at]
      cells[#cells + 1] = cell_xml(cell, i > 1 and grid[i - 1][at] == cell)
      at = at + cell.columns
    end
    rows[i] = "<w:tr>" .. table.concat(cells) .. "</w:tr>"
  end
  return TABLE .. ("<w:gridCol/>"):rep(columns) .. "</w:tblGrid>" .. table.concat(rows) .. "</w:tbl>"
end

---The bytes of a document.
---@param body string[] what M.paragraph, M.lines and M.table made; gets what stands around it
---@return string
function M.write(body)
  table.insert(body, 1, HEAD .. '<w:document xmlns:w="' .. MAIN .. '"><w:body>')
  body[#body + 1] = "<w:sectPr/></w:body></w:document>"
  return zip.write {
    { name = "[Content_Types].xml", text = TYPES },
    { name = "_rels/.rels", text = RELATIONSHIPS },
    { name = "word/document.xml", text = table.concat(body) },
  }
end

return M
