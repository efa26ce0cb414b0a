-- Writes documents of Word (ECMA-376), paragraphs and tables, in Base64. A document is encoded while it is written,
-- piece by piece: of a large text its XML would take many times the memory.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local zip = require "dm.docx.zip"

local C = ffi.C

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

---A buffer of our own: kernels that tables need use the one that all share.
local function buffer()
  return ffi.gc(ffi.new "struct dm_buf", C.dm_buf_finish)
end

local xml, packed = buffer(), buffer()

local function check(status)
  if status < 0 then kernel.fail(status) end
end

---A paragraph. Of a text that XML can not hold, what stands before the piece (between tabs) that it can not hold.
---@param s string
---@return string
local function paragraph(s)
  xml.n = 0
  check(C.dm_docx_paragraph(s, #s, xml))
  return ffi.string(xml.p, xml.n)
end

---A paragraph without text.
M.EMPTY = "<w:p/>"

---One cell, or the part of one that goes on from above.
local function cell_xml(cell)
  local props = "<w:tcW w:w=\"0\" w:type=\"auto\"/>"
  if cell.span > 1 then props = props .. ('<w:gridSpan w:val="%d"/>'):format(cell.span) end
  if cell.merge then props = props .. (cell.merge == "continue" and "<w:vMerge/>" or '<w:vMerge w:val="restart"/>') end
  local list = {}
  for i, p in ipairs(cell.paragraphs) do list[i] = paragraph(p or "") end
  return "<w:tc><w:tcPr>" .. props .. "</w:tcPr>" .. table.concat(list) .. "</w:tc>"
end

---A table with lines between its cells.
---@param grid dm.DocxGrid
---@return string
function M.table(grid)
  local rows = {}
  for y = 0, grid.height - 1 do
    local cells = {}
    for i, cell in ipairs(grid.rows[y]) do cells[i] = cell_xml(cell) end
    rows[y + 1] = "<w:tr>" .. table.concat(cells) .. "</w:tr>"
  end
  return TABLE .. ("<w:gridCol/>"):rep(grid.columns) .. "</w:tblGrid>" .. table.concat(rows) .. "</w:tbl>"
end

local OPENING = HEAD .. '<w:document xmlns:w="' .. MAIN .. '"><w:body>'
local CLOSING = "<w:sectPr/></w:body></w:document>"

---A file of the archive whose bytes are known.
local function file_of(name, content)
  return { name = name, size = #content, crc = tonumber(C.dm_crc32(0, content, #content)) }
end

local DOCUMENT = "word/document.xml"
local OPENED = file_of(DOCUMENT, OPENING)
local FILES = { file_of("[Content_Types].xml", TYPES), file_of("_rels/.rels", RELATIONSHIPS) }

---A part of the archive and the name of its file, as a string.
local function named(file, p, n) return ffi.string(p, n) .. file.name end

local FIRST = named(FILES[1], zip.header(FILES[1])) .. TYPES
local BEFORE = FIRST .. named(FILES[2], zip.header(FILES[2])) .. RELATIONSHIPS
local START = BEFORE .. named(OPENED, zip.header(OPENED)) .. OPENING
local ENTRIES = named(FILES[1], zip.entry(FILES[1], 0)) .. named(FILES[2], zip.entry(FILES[2], #FIRST))

---Bytes of text whose paragraphs are encoded at once.
local BLOCK = 64 * 1024

---@class dm.DocxWriter
---@field file dm.ZipFile the document so far
---@field base64 ffi.cdata* what is encoded of the archive
local Writer = {}
Writer.__index = Writer

---Begins a document; there is one at a time.
---@return dm.DocxWriter
function M.begin()
  packed.n = 0
  local file = { name = DOCUMENT, size = OPENED.size, crc = OPENED.crc }
  local self = setmetatable({ file = file, base64 = ffi.new "struct dm_base64" }, Writer)
  self:encode(START)
  return self
end

---Adds bytes of the archive to its Base64.
---@param p string|ffi.cdata*
---@param n integer? of a pointer
function Writer:encode(p, n)
  check(C.dm_base64_add(self.base64, p, n or #p, packed))
end

---Adds XML of the document.
---@param p string|ffi.cdata*
---@param n integer? its bytes, of a pointer
function Writer:add(p, n)
  n = n or #p
  self.file.crc = tonumber(C.dm_crc32(self.file.crc, p, n))
  self.file.size = self.file.size + n
  self:encode(p, n)
end

---Adds a paragraph for each line of a part of a text.
---@param s string
---@param from integer
---@param to integer the byte before a line end, or the last
function Writer:lines(s, from, to)
  local base = ffi.cast("const char *", s)
  while from <= to + 1 do
    local newline = from + BLOCK < to and s:find("\n", from + BLOCK, true)
    local stop = newline and newline <= to and newline - 1 or to
    xml.n = 0
    check(C.dm_docx_lines(base + from - 1, stop - from + 1, xml))
    self:add(xml.p, tonumber(xml.n))
    from = stop + 2
  end
end

-- The header is encoded anew in whole groups of three bytes: from IN_GROUP bytes before it, behind SAME digits.
local IN_GROUP, SAME = #BEFORE % 3, math.floor(#BEFORE / 3) * 4
local _, HEADER_BYTES = zip.header(OPENED)
local GROUPS = math.ceil((IN_GROUP + HEADER_BYTES) / 3) * 3
local groups = ffi.new("char[?]", GROUPS)
ffi.copy(groups, START:sub(#BEFORE - IN_GROUP + 1), GROUPS)

---Puts the header in its place again, now that size and checksum are known.
function Writer:write_header()
  ffi.copy(groups + IN_GROUP, zip.header(self.file))
  xml.n = 0
  check(C.dm_base64_encode(groups, GROUPS, xml))
  ffi.copy(packed.p + SAME, xml.p, xml.n)
end

---Ends the document.
---@return string its bytes in Base64
function Writer:finish()
  self:add(CLOSING)
  local place, p, n = #START - #OPENING + self.file.size, zip.entry(self.file, #BEFORE)
  self:encode(ENTRIES)
  self:encode(p, n)
  self:encode(DOCUMENT)
  self:encode(zip.ending(#FILES + 1, #ENTRIES + n + #DOCUMENT, place))
  check(C.dm_base64_end(self.base64, packed))
  self:write_header()
  local made = ffi.string(packed.p, packed.n)
  if packed.cap > 1024 * 1024 then
    C.dm_buf_finish(xml)
    C.dm_buf_finish(packed)
  end
  return made
end

return M
