-- What is to be had from HTML.
local kernel = require "dm.text.kernel"
local ffi = require "ffi"
local C = ffi.C

local M = {}

local chars_out = ffi.new "const char *[1]"
local span_list = ffi.typeof "const struct dm_text_span *"
local span_bytes = ffi.sizeof "struct dm_text_span"

---The text of a document's body: all of its text, also that of scripts, in a browser's order and without separators.
---@param s string
---@return string
function M.text(s) return kernel.result(C.dm_text_html(s, #s, kernel.out), s) end

local function append(list, v)
  list[#list + 1] = v
  return v
end

---The tables that the kernel's spans describe.
local function read_tables(spans, count, base)
  local tables, rows, row = {}, nil, nil
  for i = 0, count - 1 do
    local start, stop = spans[i].start, spans[i]["end"]
    if start < -1ULL then
      append(row, ffi.string(base + start, stop - start))
    elseif stop == C.DM_TABLE_START then
      rows = append(tables, {})
    else
      row = append(rows, {})
    end
  end
  return tables
end

---Calls the kernel; its spans lie in kernel.out and point into chars_out[0].
local function find_tables(s, kind)
  local status = C.dm_text_html_tables(s, #s, kind, chars_out, kernel.out)
  if status == C.DM_EINPUT then error("tables inside tables make too many cells", 0) end
  if status < 0 then kernel.fail(status) end
end

---The tables of a document, each a list of rows, a row a list of the cells' texts. A table inside another is also one
---of its own. Raises when tables inside tables make the answer too large.
---@param s string
---@param header boolean with the rows that have a header cell
---@return string[][][]
function M.tables(s, header)
  find_tables(s, header and C.DM_TABLES_ALL or C.DM_TABLES_BODY)
  local tables = read_tables(ffi.cast(span_list, kernel.out.p), tonumber(kernel.out.n) / span_bytes, chars_out[0])
  kernel.trim(#s)
  return tables
end

---The tables of a document as HTML that was put in order: small letters, quotes, end tags.
---@param s string
---@return string[]
function M.table_markup(s)
  find_tables(s, C.DM_TABLES_MARKUP)
  local list = kernel.strings(chars_out[0])
  kernel.trim(#s)
  return list
end

return M
