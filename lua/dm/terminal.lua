-- The terminal behind a descriptor: whether colours are wanted there, how wide it is, and text in a colour.
local C = require("ffi").C

local M = {}

---Whether to write in colours: only on a terminal, and never with NO_COLOR.
---@param fd integer
---@return boolean
function M.has_colour(fd)
  local off = os.getenv "NO_COLOR"
  return C.dm_is_terminal(fd) == 1 and (off == nil or off == "") and os.getenv "TERM" ~= "dumb"
end

---How many columns it has.
---@param fd integer
---@return integer? columns nil when it is no terminal, or one that does not know
function M.columns(fd)
  local n = C.dm_terminal_width(fd)
  return n > 0 and n or nil
end

---@param colour boolean whether it is to have one
---@param codes string of ECMA-48's SGR: "1;31"
---@param text string
---@return string
function M.paint(colour, codes, text)
  return colour and ("\27[%sm%s\27[0m"):format(codes, text) or text
end

return M
