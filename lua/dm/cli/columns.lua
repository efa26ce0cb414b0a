-- Tables for people: a name and numbers in a line. Columns are as wide as they are said to be, or as what stands in
-- them; on a terminal that has no room for that only as wide as need be, and those that are missed least are left out.
local paint_module = require "dm.trace.paint"

local M = {}

---@class dm.Column
---@field [1] string heading
---@field [2] integer width
---@field missed integer? how much; columns without are never left out

---@class dm.ColumnLayout
---@field name integer width of the first column
---@field shown integer[] which of the other columns are shown
---@field widths integer[] of all the others
---@field columns dm.Column[]
---@field cuts boolean? names that are too long are cut
local Layout = {}
Layout.__index = Layout

local LEAST_NAME = 12

local function total(layout)
  local n = layout.name
  for _, i in ipairs(layout.shown) do n = n + 1 + layout.widths[i] end
  return n
end

local function longest(rows, i, least)
  for _, cells in ipairs(rows) do least = math.max(least, paint_module.columns(cells[i])) end
  return least
end

---The shown column that is missed least.
local function least_missed(layout)
  local columns, least = layout.columns, nil
  for at, i in ipairs(layout.shown) do
    local missed = columns[i].missed
    if missed and (not least or missed < columns[layout.shown[least]].missed) then least = at end
  end
  return least
end

---Fits a table into a width.
---@param name integer columns for names, where there is room
---@param columns dm.Column[]
---@param rows string[][] cells: a name, and one for each column
---@param width integer? of the terminal; nil: there is room for all
---@return dm.ColumnLayout
function M.fit(name, columns, rows, width)
  local layout = setmetatable({ name = longest(rows, 1, name), shown = {}, widths = {}, columns = columns }, Layout)
  for i, column in ipairs(columns) do layout.shown[i], layout.widths[i] = i, longest(rows, i + 1, column[2]) end
  if not width or total(layout) <= width then return layout end
  layout.name, layout.cuts = math.min(name, longest(rows, 1, LEAST_NAME)), true
  for i, column in ipairs(columns) do layout.widths[i] = longest(rows, i + 1, #column[1]) end
  while total(layout) > width do
    local at = least_missed(layout)
    if not at then break end
    table.remove(layout.shown, at)
  end
  layout.name = math.max(LEAST_NAME, math.min(layout.name, layout.name + width - total(layout)))
  return layout
end

local function right(text, width)
  return (" "):rep(width - paint_module.columns(text)) .. text
end

local function line(layout, name, cell)
  if layout.cuts then name = paint_module.cut(name, layout.name) end
  local list = { paint_module.pad(name, layout.name) }
  for _, i in ipairs(layout.shown) do list[#list + 1] = right(cell(i), layout.widths[i]) end
  return table.concat(list, " ") .. "\n"
end

---The line of headings.
---@param name string of the first column
---@return string
function Layout:head(name)
  return line(self, name, function(i) return self.columns[i][1] end)
end

---A line of its own, whole: a text, and a number where the first column is.
---@param text string
---@param cell string
---@return string
function Layout:note(text, cell)
  return paint_module.pad(text, self.name) .. " " .. right(cell, self.widths[1]) .. "\n"
end

---@param cells string[]
---@return string
function Layout:line(cells)
  return line(self, cells[1], function(i) return cells[i + 1] end)
end

return M
