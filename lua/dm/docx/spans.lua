-- Makes tables of HTML whose cells span places as DataMate's TextToWord does: it lays the cells out, marks the places
-- that they span, merges those, and merges what a short row has too little into its last cell.
local grids = require "dm.docx.grid"
local raised = require "dm.raised"

local M = {}

---Marks of places: one that a cell spans, and one that a row does not have.
local SPANNED, SHORT = "\0spanned", "\0short"

---What is known of a table while its cells are laid out; rows and columns count from 0.
---@class dm.SpanLayout
---@field height integer
---@field width integer
---@field places table<integer, table<integer, string>> text or mark
---@field merges { row: integer, column: integer, last_row: integer, last_column: integer }[]

local function put(layout, row, column, value)
  if column >= layout.width then error("a cell goes beyond the table", 0) end
  layout.places[row][column] = value
end

local function add_merge(layout, row, column, last_row, last_column)
  table.insert(layout.merges, { row = row, column = column, last_row = last_row, last_column = last_column })
end

local function span_both(layout, cell, row, column)
  local last = row + cell.rows - 1
  for y = row, row + cell.rows - 1 do
    if y >= layout.height then
      last = math.min(last, y - 1)
      break
    end
    for x = column, column + cell.columns - 1 do
      if y ~= row or x ~= column then put(layout, y, x, SPANNED) end
    end
  end
  add_merge(layout, row, column, last, column + cell.columns - 1)
end

local function span_rows(layout, cell, row, column)
  local last = row + cell.rows - 1
  for y = row + 1, math.min(last, layout.height - 1) do put(layout, y, column, SPANNED) end
  add_merge(layout, row, column, math.min(last, layout.height - 1), column)
end

local function span_columns(layout, cell, row, column)
  local last = column + cell.columns - 1
  for x = column + 1, math.min(last, layout.width - 1) do put(layout, row, x, SPANNED) end
  add_merge(layout, row, column, row, math.min(last, layout.width - 1))
end

local function span(layout, cell, row, column)
  if cell.columns and cell.rows then
    span_both(layout, cell, row, column)
  elseif cell.columns then
    span_columns(layout, cell, row, column)
  elseif cell.rows then
    span_rows(layout, cell, row, column)
  end
end

local function lay_out_row(layout, cells, row)
  local places, used = layout.places[row], 0
  for x = 0, layout.width - 1 do
    if used >= #cells then
      for rest = x, layout.width - 1 do places[rest] = SHORT end
      return
    end
    if places[x] ~= SPANNED then
      used = used + 1
      span(layout, cells[used], row, x)
      places[x] = cells[used].text
    end
  end
end

---@param rows dm.HtmlCell[][]
---@param most integer places that a table may have
---@return dm.SpanLayout
local function lay_out(rows, most)
  local width = 0
  for _, cells in ipairs(rows) do
    local sum = 0
    for _, cell in ipairs(cells) do sum = sum + (cell.columns or 1) end
    width = math.max(width, sum)
  end
  if #rows * width > most then error(grids.TOO_LARGE, 0) end
  local layout = { height = #rows, width = width, places = {}, merges = {} }
  for y = 0, #rows - 1 do layout.places[y] = {} end
  for y, cells in ipairs(rows) do lay_out_row(layout, cells, y - 1) end
  return layout
end

---Merges two cells; when they make no rectangle, what was done until this shows stays.
local function merge(grid, one, other, row, column)
  local ok, message = pcall(grid.merge, grid, one, other)
  if not ok and message ~= grids.NO_SPAN then error(message, 0) end
  if not ok then return end
  local cell = grid:at(row, column)
  cell:set_text((cell:text():gsub("\n", " ")))
end

local function merge_spans(grid, merges)
  for _, m in ipairs(merges) do
    for y = m.row, m.last_row do
      for x = m.column, m.last_column do
        if y ~= m.row or x ~= m.column then grid:at(y, x):set_text "" end
      end
    end
    merge(grid, grid:at(m.row, m.column), grid:at(m.last_row, m.last_column), m.row, m.column)
  end
end

---Merges the places that a row does not have into the cell before them, unless that is the row's first.
local function merge_short(grid, row)
  local cells, start, finish = grid:row_places(row), 0, 0
  for x = grid.columns - 1, 0, -1 do
    local cell = cells[x + 1] or error("the row is short of a cell", 0)
    if cell:text() == SHORT then
      if start == 0 then start = x end
      cell:set_text ""
    elseif start > 0 then
      finish = x
    end
    if start > 0 and finish > 0 then
      merge(grid, cells[finish + 1], cells[start + 1], row, finish)
      start, finish = 0, 0
    end
  end
end

local function finish(grid, layout)
  merge_spans(grid, layout.merges)
  for y = 0, grid.height - 1 do merge_short(grid, y) end
end

---@param rows dm.HtmlCell[][]
---@param most integer places that a table may have
---@return dm.DocxGrid
function M.grid(rows, most)
  local layout = lay_out(rows, most)
  local grid = grids.new(layout.height, layout.width, function(y, x)
    return ((layout.places[y][x] or ""):gsub("\r", "\n"))
  end)
  local ok, why = pcall(finish, grid, layout) -- DataMate goes on with what is done when it can not finish a table
  if not ok and (raised.is_memory(why) or why == grids.TOO_LARGE) then error(why, 0) end
  for _, cell in ipairs(grid:places()) do
    if cell:text():find "^%z" then cell:set_text "" end -- DataMate leaves marks at random there
  end
  return grid
end

return M
