-- What Data-Juicer's mappers do to LaTeX sources, exactly as its patterns do and in linear time.
local kernel = require "dm.text.kernel"
local C = require("ffi").C

local M = {}

local out, result = kernel.out, kernel.result

---Without what stands before the first \chapter, \part, \section, \subsection or \subsubsection.
---@param s string
---@return string
function M.header(s) return kernel.cut(C.dm_text_find_tex_header, s) end

---Without the bibliography or appendix and everything behind.
---@param s string
---@return string
function M.bibliography(s) return kernel.cut(C.dm_text_find_bibliography, s) end

---Without comments behind something in a line; the character before the % goes too.
---@param s string
---@return string
function M.inline_comments(s) return result(C.dm_text_tex_inline(s, #s, out), s) end

---Without lines that begin with a %.
---@param s string
---@return string
function M.comment_lines(s) return result(C.dm_text_tex_lines(s, #s, out), s) end

---With the values of macros without arguments in the place of their names, in the order of their definitions.
---Raises when there would be no end of it.
---@param s string
---@return string
function M.expand_macros(s)
  local status = C.dm_text_expand_macros(s, #s, out)
  if status == C.DM_EINPUT then error("the macros expand to too much text", 0) end
  return result(status, s)
end

return M
