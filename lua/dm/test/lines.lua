-- What `dmhost test` shows by itself: a line for each file or operator, the failures in full, a count.
local safe = require("dm.problem.show").safe
local terminal = require "dm.terminal"

---@class dm.TestLines
local M = {}
M.__index = M

local COLORS = { red = "31", green = "32", yellow = "33", dim = "2" }

---@param colored boolean
---@return dm.TestLines
function M.new(colored)
  return setmetatable({ colored = colored }, M)
end

---@param color string a key of COLORS
---@param text string
---@return string
function M:paint(color, text)
  return terminal.paint(self.colored, COLORS[color], text)
end

---Begins a file, or an operator.
---@param name string
function M:begin_file(name)
  self.name, self.passed, self.wrong, self.pending = name, 0, {}, {}
end

---Notes what became of a test; it is shown when its file ends.
---@param test table as dm.test.told tells it
function M:test(test)
  if test.status == "success" then
    self.passed = self.passed + 1
  elseif test.status == "pending" then
    self.pending[#self.pending + 1] = test
  else
    self.wrong[#self.wrong + 1] = test
  end
end

local function indent(text)
  return "      " .. text:gsub("\n", "\n      ")
end

---Shows a test that did not pass.
---@param test table
---@param color string
---@param word string what became of it
function M:show(test, color, word)
  local where = test.file and (": " .. test.file .. (test.line and ":" .. test.line or "")) or ""
  io.write("  ", self:paint(color, word), " ", safe(table.concat(test.names, " / ")), where, "\n")
  if test.message then io.write(indent(safe(test.message)), "\n") end
end

---Shows the file's line, and its tests that did not pass.
function M:end_file()
  local color, word = "green", "ok  "
  if #self.wrong > 0 then
    color, word = "red", "FAIL"
  elseif self.passed == 0 then
    color, word = "yellow", "none"
  end
  io.write(self:paint(color, word), " ", self.name, self:paint("dim", ("  %d passed"):format(self.passed)), "\n")
  for _, test in ipairs(self.pending) do self:show(test, "yellow", "pending") end
  for _, test in ipairs(self.wrong) do self:show(test, "red", test.status == "failure" and "failed" or "error") end
  io.stdout:flush()
end

---Nothing is left to be shown: `dmhost test` writes the count.
function M:finish() end -- luacheck: ignore

return M
