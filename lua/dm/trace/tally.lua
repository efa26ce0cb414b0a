-- The account of the rows that were shown: in all, and for each operator that did something.
local units = require "dm.units"

local M = {}

---@class dm.Tally
---@field rows integer
---@field kept integer
---@field dropped integer
---@field rejected integer
---@field ops table<integer, table<string, integer>>
local Tally = {}
Tally.__index = Tally

---@return dm.Tally
function M.new()
  return setmetatable({ rows = 0, kept = 0, dropped = 0, rejected = 0, ops = {} }, Tally)
end

---Counts what operators did to a row, and to what slicers made of it.
---@param record dm.Record
function Tally:add_steps(record)
  for _, step in ipairs(record.steps) do
    local op = self.ops[step.op] or { rows = 0, changed = 0, dropped = 0, rejected = 0, sliced = 0 }
    self.ops[step.op] = op
    op.rows = op.rows + 1
    if op[step.outcome] then op[step.outcome] = op[step.outcome] + 1 end
  end
  for _, child in ipairs(record.children or {}) do self:add_steps(child) end
end

---Counts a row, and what operators did to it.
---@param record dm.Record
function Tally:add(record)
  self.rows = self.rows + 1
  self[record.outcome] = self[record.outcome] + 1
  self:add_steps(record)
end

---"3 rows: 1 kept, 2 dropped".
---@return string
function Tally:line()
  local parts = {}
  for _, what in ipairs { "kept", "dropped", "rejected" } do
    if self[what] > 0 then parts[#parts + 1] = units.show_count(self[what]) .. " " .. what end
  end
  return units.plural(self.rows, "row") .. ": " .. table.concat(parts, ", ")
end

---What each operator did, where it did something.
---@param ops table[] of the client's info
---@return string[]
function Tally:lines(ops)
  local list = {}
  for i, op in ipairs(ops) do
    local count, parts = self.ops[i] or {}, {}
    for _, what in ipairs { "changed", "sliced", "dropped", "rejected" } do
      if (count[what] or 0) > 0 then parts[#parts + 1] = units.show_count(count[what]) .. " " .. what end
    end
    if #parts > 0 then list[#list + 1] = ("  %s  %s of %s"):format(op.name, table.concat(parts, ", "), count.rows) end
  end
  return list
end

return M
