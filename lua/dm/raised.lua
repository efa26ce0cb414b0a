-- What operators raise, as text: it may be anything, of any length, even a value that raises when it is asked for its
-- text.
local C = require("ffi").C
local pcall, tostring = pcall, tostring

local M = {}

---Reasons stand in ledger, rejects and messages: what is longer is cut.
local LONGEST = 4096

-- What Lua says of values without a text is another one each time, and reasons are to be the same.
local ADDRESS = ": 0x%x+$"

---@param e any
---@return string of bounded length
function M.text(e)
  local ok, text = pcall(tostring, e)
  if not ok or type(text) ~= "string" or type(e) ~= "string" and text:find(ADDRESS) then
    return ("a %s that has no text"):format(type(e))
  end
  if #text <= LONGEST then return text end
  local good = tonumber(C.dm_utf8_check(text, LONGEST))
  return text:sub(1, good > LONGEST - 4 and good or LONGEST) .. " ..."
end

local Ending = { __tostring = function(e) return e.message end }

---An error for which no row is at fault: the run ends and can be resumed.
---@param message string
---@param spent boolean? it ends when the requests that are under way have ended
---@return table
function M.ending(message, spent)
  return setmetatable({ message = message, ends_run = true, spent = spent }, Ending)
end

---Raises such an error.
---@param message string
---@param spent boolean? it ends when the requests that are under way have ended
function M.end_run(message, spent)
  error(M.ending(message, spent), 0)
end

local SHORT = { ["not enough memory"] = true, ["memory ran short"] = true, ["out of memory"] = true }

---Whether an error says that memory ran short: Lua's, a verb's or C's own, with or without a place before it. That is
---a failure of the worker and not of the sample, since other samples may hold the memory.
---@param e any
---@return boolean
function M.is_memory(e)
  return type(e) == "string" and (SHORT[e] or SHORT[e:match "^[^\n]-:%d+: ([%a ]+)$"]) or false
end

return M
