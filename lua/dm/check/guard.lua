-- Code of users, run such that it can neither hang the check nor end it. The compiler is off, so that an endless loop
-- is stopped where it is, by a hook; one that catches errors, or that is inside a C function, is ended by whoever
-- started this process.
local child = require "dm.child"
local embedded = require "dm.embedded"
local problem = require "dm.problem"

local M = {}

---Seconds of processor time that one piece of a user's code may take.
M.SECONDS = 3

---What an error says, and where in the user's files it was raised.
---@param e any
---@return string message
---@return string? file
---@return integer? line
---@return integer? col
function M.describe(e)
  local p = problem.of(e)
  local at = p.at and not embedded.read(p.at.path) and p.at or {}
  local what = problem.sentence(p):gsub("^%?: ", "") -- of a caller that is not Lua
  return what, at.path, at.line, at.col
end

---Calls a function. Before, it tells the process that waits for this one what is being done, for the case that it
---does not come back.
---@param doing { what: string, file: string, line: integer?, col: integer? }
---@param fn function
---@return boolean ok
---@return any ... results, or the error
function M.call(doing, fn, ...)
  child.tell { doing = doing }
  local until_ = os.clock() + M.SECONDS
  debug.sethook(function()
    if os.clock() > until_ then
      until_ = os.clock() + 0.1 -- in case that this error is caught
      error(("still running after %d seconds; an endless loop?"):format(M.SECONDS), 2)
    end
  end, "", 100000)
  local results = { pcall(fn, ...) }
  debug.sethook()
  -- LuaJIT collects nothing when memory runs short: what the code had made would take it from the rest of the check
  if not results[1] and tostring(results[2]):find("not enough memory", 1, true) then collectgarbage() end
  return unpack(results, 1, table.maxn(results))
end

return M
