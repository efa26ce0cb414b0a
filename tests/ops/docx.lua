-- Reads what dm.docx writes: paragraphs, and tables with the text of each place, as the recorded answers have them.
local M = {}

local SIGNS = { ["&amp;"] = "&", ["&lt;"] = "<", ["&gt;"] = ">" }

---A little-endian number.
local function number(s, at, n)
  local v = 0
  for i = n - 1, 0, -1 do v = v * 256 + s:byte(at + i) end
  return v
end

---The files of a zip archive that stores them, by the directory at its end.
local function unzip(s)
  local files, finish = {}, #s - 21
  assert(s:sub(finish, finish + 3) == "PK\5\6", "an archive ends so")
  local at = number(s, finish + 16, 4) + 1
  for _ = 1, number(s, finish + 10, 2) do
    assert(s:sub(at, at + 3) == "PK\1\2", "an entry begins so")
    local size, name_size, place = number(s, at + 20, 4), number(s, at + 28, 2), number(s, at + 42, 4) + 1
    assert(s:sub(place, place + 3) == "PK\3\4" and number(s, place + 26, 2) == name_size, "a file begins so")
    local name = s:sub(at + 46, at + 45 + name_size)
    files[name] = s:sub(place + 30 + name_size, place + 29 + name_size + size)
    at = at + 46 + name_size
  end
  assert(at == finish, "the directory ends where the archive does")
  return files
end

---The text of a paragraph's runs.
local function text_of(xml)
  local list = {}
  for tag, text in xml:gmatch "<(w:[%a]+)[^>]*>([^<]*)" do
    list[#list + 1] = tag == "w:t" and text:gsub("&%a+;", SIGNS) or tag == "w:tab" and "\t" or tag == "w:br" and "\n"
      or ""
  end
  return table.concat(list)
end

local function each_paragraph(xml)
  return (xml:gsub("<w:p/>", "<w:p></w:p>")):gmatch "<w:p>(.-)</w:p>"
end

local function rows_of(xml)
  local rows = {}
  for tr in xml:gmatch "<w:tr>(.-)</w:tr>" do
    local row, above = {}, rows[#rows]
    for tc in tr:gmatch "<w:tc>(.-)</w:tc>" do
      local list = {}
      for p in each_paragraph(tc) do list[#list + 1] = text_of(p) end
      local text = tc:find("<w:vMerge/>", 1, true) and above[#row + 1] or table.concat(list, "\n")
      for _ = 1, tonumber(tc:match 'gridSpan w:val="(%d+)"' or 1) do row[#row + 1] = text end
    end
    rows[#rows + 1] = row
  end
  return rows
end

---@param s string a document's bytes
---@return ({ p: string } | { tbl: string[][] })[]
function M.read(s)
  local files = unzip(s)
  assert(files["[Content_Types].xml"] and files["_rels/.rels"], "a package")
  local body, list, at = files["word/document.xml"]:match "<w:body>(.*)<w:sectPr/></w:body>", {}, 1
  while at <= #body do
    local tag = body:match("^<w:(%a+)", at)
    local first, last = body:find("^<w:p/>", at)
    if not first then first, last = body:find(("^<w:%s>.-</w:%s>"):format(tag, tag), at) end
    local piece = body:sub(first, last)
    list[#list + 1] = tag == "p" and { p = text_of(piece) } or { tbl = rows_of(piece) }
    at = last + 1
  end
  return list
end

return M
