-- What an error of user code was and where: message, file, line, and the traceback down to our own code.
local M = {}

---What Lua raises when memory runs short: not a row's failure but the worker's. No handler is called for it.
M.MEMORY = "not enough memory"

local Fault = { __tostring = function(self) return self.full end }

---@class dm.Fault
---@field message string without the position
---@field file string? as it is named on disk
---@field line integer?
---@field full string as it was raised
---@field trace string

-- Files of the runtime; an error there is told at the line of the user's that led to it.
local function is_ours(source)
  return source:find "^=?lua/dm/" ~= nil
end

---The innermost frame of code that is not the runtime's.
local function culprit(level)
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.currentline > 0 and info.source:find "^[@=]" and not is_ours(info.source)
      and not info.source:find "^=%(" then
      return info.source:sub(2), info.currentline
    end
    level = level + 1
  end
end

---"ops/x.lua:3: message", or with a column behind the line.
---@return string? file, integer? line, string? message
local function split(message)
  local file, line, rest = message:match "^([^\n:]+):(%d+):%d+: (.*)$"
  if not file then file, line, rest = message:match "^([^\n:]+):(%d+): (.*)$" end
  return file, tonumber(line), rest
end

---Turns what was raised into a fault. To be called as, or from, the handler of xpcall.
---@param raised any
---@param level integer? stack levels between here and where it was raised; default 2
---@return dm.Fault
function M.of(raised, level)
  if getmetatable(raised) == Fault then return raised end
  local message = tostring(raised)
  local file, line, rest = split(message)
  if not file or is_ours(file) then
    local found, at = culprit((level or 2) + 1)
    if found then file, line = found, at end
  end
  return setmetatable({ message = rest or message, file = file, line = line, full = message,
    trace = (debug.traceback("", (level or 2) + 1):gsub("^\n", "")) }, Fault)
end

---Handler for xpcall.
---@param raised any
---@return dm.Fault
function M.handler(raised)
  return M.of(raised, 2)
end

return M
