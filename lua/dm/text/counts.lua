-- Numbers that several filters ask of a text.
local ffi = require "ffi"
local remember = require "dm.text.remember"
local C = ffi.C

local M = {}

local counts = ffi.new "struct dm_line_counts"

---Number of letters and digits: code points for which Python's str.isalnum is true.
---@type fun(s: string): integer
M.alnum = remember.texts(function(s) return C.dm_text_alnum(s, #s) end)

---How many lines Python's str.splitlines finds, and the code points of the longest.
---@type fun(s: string): integer, integer
M.measure_lines = remember.texts(function(s)
  C.dm_text_measure_lines(s, #s, counts)
  return counts.lines, counts.longest
end)

return M
