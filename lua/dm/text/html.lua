-- What is to be had from HTML.
local kernel = require "dm.text.kernel"
local C = require("ffi").C

local M = {}

---The text of a document's body: all of its text, also that of scripts, in a browser's order and without separators.
---@param s string
---@return string
function M.text(s) return kernel.result(C.dm_text_html(s, #s, kernel.out), s) end

return M
