-- Code of users, run such that it can neither hang the check nor end it. The compiler is off, so that an endless loop
-- is stopped where it is, by a hook; one that catches errors, or that is inside a C function, is ended by whoever
-- started this process.
local child = require "dm.child"
local sources = require "dm.sources"

local M = {}

---Seconds of processor time that one piece of a user's code may take.
M.SECONDS = 3

---Text of an error without what Lua puts in front of it, and where it was raised.
---@param e any
---@return string message
---@return string? file
---@return integer? line
---@return integer? col
function M.describe(e)
  if type(e) == "table" and type(e.what) == "string" then
    local at = e.at or {}
    return e.what .. (e.next and "; " .. e.next or ""), at.path, at.line, at.col
  end
  local text = tostring(e):gsub("\nstack traceback:.*$", "")
  local file, line, message = text:match "^([^\n:]+):(%d+): (.*)$"
  if not file then return text end
  return message, M.full_path(file), tonumber(line)
end

---The word of the source that one of Lua's messages is about.
---@param message string
---@return string?
function M.quoted(message)
  return message:match "near '([^']*)'" or message:match "%l+ '([%w_]+)'"
end

---The path of a file that Lua's messages cut at the front.
---@param name string
---@return string
function M.full_path(name)
  local ending = name:match "^%.%.%.(.+)$"
  for _, file in ipairs(ending and sources.snapshot() or {}) do
    if file.path:sub(-#ending) == ending then return file.path end
  end
  return name
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
  return unpack(results, 1, table.maxn(results))
end

return M
