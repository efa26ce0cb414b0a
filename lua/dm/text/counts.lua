-- Numbers that several filters ask of a text. The last answer is kept: filters in a row ask about the same
-- text, and strings are compared by value.
local ffi = require "ffi"
local C = ffi.C

local M = {}

local alnum_text, alnum
local lines_text, lines, longest
local counts = ffi.new "struct dm_line_counts"

---Number of letters and digits: code points for which Python's str.isalnum is true.
---@param s string
---@return integer
function M.alnum(s)
  if s ~= alnum_text then
    alnum_text, alnum = s, C.dm_text_alnum(s, #s)
  end
  return alnum
end

---How many lines Python's str.splitlines finds, and the code points of the longest.
---@param s string
---@return integer lines
---@return integer longest
function M.measure_lines(s)
  if s ~= lines_text then
    C.dm_text_measure_lines(s, #s, counts)
    lines_text, lines, longest = s, counts.lines, counts.longest
  end
  return lines, longest
end

return M
