-- A table of Word whose cells are merged as python-docx merges them: by two corners, row by row, with the paragraphs of
-- all cells in the first. Rows, columns and places count from 0, as there. What python-docx raises as InvalidSpanError
-- is M.NO_SPAN; whatever else it can not do is an error.
local M = {}

M.NO_SPAN = "the cells make no rectangle"
M.TOO_LARGE = "the table is too large"

---Cells that may be looked at while a table is made.
local MOST_STEPS = 1e7

---@class dm.DocxCell
---@field row integer
---@field span integer columns
---@field merge "restart"|"continue"|nil of a cell that goes on below, or comes from above
---@field paragraphs (string|false)[] false: one that nothing was ever written to
local Cell = {}
Cell.__index = Cell

---@class dm.DocxGrid
---@field columns integer
---@field height integer
---@field rows dm.DocxCell[][] from 0
---@field steps integer
local Grid = {}
Grid.__index = Grid

---A table in which nothing is merged.
---@param height integer
---@param columns integer
---@param text fun(row: integer, column: integer): string
---@return dm.DocxGrid
function M.new(height, columns, text)
  local rows = {}
  for y = 0, height - 1 do
    local row = {}
    for x = 0, columns - 1 do
      row[x + 1] = setmetatable({ row = y, span = 1, paragraphs = { text(y, x) } }, Cell)
    end
    rows[y] = row
  end
  return setmetatable({ columns = columns, rows = rows, height = height, steps = 0 }, Grid)
end

---Counts what takes time, since spans inside spans take more than they are many.
function Grid:step()
  self.steps = self.steps + 1
  if self.steps > MOST_STEPS then error(M.TOO_LARGE, 0) end
end

---@return string
function Cell:text()
  local list = {}
  for i, p in ipairs(self.paragraphs) do list[i] = p or "" end
  return table.concat(list, "\n")
end

---@param s string
function Cell:set_text(s) self.paragraphs = { s } end

---Gives its paragraphs to another cell.
---@param other dm.DocxCell
function Cell:move_to(other)
  if other == self or (#self.paragraphs == 1 and not self.paragraphs[1]) then return end
  if not other.paragraphs[#other.paragraphs] then table.remove(other.paragraphs) end
  for _, p in ipairs(self.paragraphs) do table.insert(other.paragraphs, p) end
  self.paragraphs = { false }
end

---The column at which a cell begins.
---@param cell dm.DocxCell
---@return integer
function Grid:left(cell)
  local left = 0
  for _, other in ipairs(self.rows[cell.row]) do
    self:step()
    if other == cell then return left end
    left = left + other.span
  end
  error("the cell is gone", 0)
end

---The cell that begins at a column.
---@param row integer
---@param column integer
---@return dm.DocxCell
function Grid:starting(row, column)
  for _, cell in ipairs(self.rows[row] or error("no row above", 0)) do
    self:step()
    if column == 0 then return cell end
    column = column - cell.span
    if column < 0 then break end
  end
  error("no cell begins there", 0)
end

---The first row of a cell that goes over several.
---@param cell dm.DocxCell
---@return integer
function Grid:top(cell)
  while cell.merge == "continue" do cell = self:starting(cell.row - 1, self:left(cell)) end
  return cell.row
end

---The row behind its last.
---@param cell dm.DocxCell
---@return integer
function Grid:bottom(cell)
  while cell.merge and cell.row + 1 < self.height do
    local below = self:starting(cell.row + 1, self:left(cell))
    if below.merge ~= "continue" then break end
    cell = below
  end
  return cell.row + 1
end

---The cells of all places in turn, from 1.
---@return dm.DocxCell[]
function Grid:places()
  local list = {}
  for y = 0, self.height - 1 do
    for _, cell in ipairs(self.rows[y]) do
      for _ = 1, cell.span do
        local shown = cell
        if cell.merge == "continue" then shown = list[#list + 1 - self.columns] end
        list[#list + 1] = shown
      end
    end
  end
  return list
end

---The cell that stands at a column of a row.
---@param row integer
---@param column integer
---@return dm.DocxCell
function Grid:covering(row, column)
  for _, cell in ipairs(self.rows[row] or error("no place above", 0)) do
    self:step()
    if column < cell.span then return cell end
    column = column - cell.span
  end
  error("no such place", 0)
end

---The cell at a place, which may count from the end of the table as Python's lists do.
---@param row integer
---@param column integer
---@return dm.DocxCell
function Grid:at(row, column)
  local i = column + row * self.columns
  if i < 0 then i = i + self.height * self.columns end
  local y, x = math.floor(i / self.columns), i % self.columns
  local cell = self:covering(y, x)
  while cell.merge == "continue" do
    y = y - 1
    cell = self:covering(y, x)
  end
  return cell
end

---The cells of a row's places, from 1.
---@param row integer
---@return dm.DocxCell[]
function Grid:row_places(row)
  local list = {}
  for _, cell in ipairs(self.rows[row]) do
    while cell.merge == "continue" do cell = self:starting(cell.row - 1, self:left(cell)) end
    for _ = 1, cell.span do list[#list + 1] = cell end
  end
  return list
end

local function extent(grid, cell)
  local left = grid:left(cell)
  return { top = grid:top(cell), bottom = grid:bottom(cell), left = left, right = left + cell.span }
end

---Whether one extent begins before the other and ends behind it; either when both begin together.
local function sticks_out(a, b, first, last)
  if a[first] == b[first] then return a[last] ~= b[last] end
  if a[first] > b[first] then a, b = b, a end
  return a[last] > b[last]
end

---Swallows the cells to the right until a cell is so wide.
---@param cell dm.DocxCell
---@param width integer columns
---@param head dm.DocxCell that gets the paragraphs
---@param merge "restart"|"continue"|nil what the cell becomes
function Grid:widen(cell, width, head, merge)
  cell:move_to(head)
  local row = self.rows[cell.row]
  local at = 1
  while row[at] ~= cell do at = at + 1 end
  while cell.span < width do
    local next_cell = row[at + 1]
    if not next_cell or cell.span + next_cell.span > width then error(M.NO_SPAN, 0) end
    next_cell:move_to(head)
    cell.span = cell.span + next_cell.span
    table.remove(row, at + 1)
  end
  cell.merge = merge
end

---Merges the cells from one corner to another.
---@param one dm.DocxCell
---@param other dm.DocxCell
function Grid:merge(one, other)
  local a, b = extent(self, one), extent(self, other)
  if sticks_out(a, b, "top", "bottom") or sticks_out(a, b, "left", "right") then error(M.NO_SPAN, 0) end
  local top, left = math.min(a.top, b.top), math.min(a.left, b.left)
  local bottom, width = math.max(a.bottom, b.bottom), math.max(a.right, b.right) - left
  local head = self:starting(top, left)
  for y = top, bottom - 1 do
    local cell = y == top and head or self:starting(y, left)
    self:widen(cell, width, head, y > top and "continue" or bottom - top > 1 and "restart" or nil)
  end
end

return M
