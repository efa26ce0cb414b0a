-- Notes which regular expressions the user's code has compiled, and where.
local python_regex = require "dm.python.regex"
local text = require "dm.text"

---@class dm.UsedPattern
---@field pattern string as it was written
---@field file string? of the user's code that compiled it
---@field line integer?
---@field entry dm.CheckEntry? the operator that was being made
---@field re dm.Regex

local M = {
  ---@type dm.UsedPattern[]
  list = {},
  ---@type dm.CheckEntry? the operator that is being made
  entry = nil,
}

---The nearest caller in a file of the user: chunks of the binary begin with "=".
local function user_frame()
  for level = 4, 40 do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.source:sub(1, 1) == "@" then return info.source:sub(2), info.currentline end
  end
end

local function note(pattern, re)
  local file, line = user_frame()
  M.list[#M.list + 1] = { pattern = pattern, file = file, line = line, entry = M.entry, re = re }
  return re
end

---From now on, notes patterns.
function M.install()
  local regex, compile, inside = text.regex, python_regex.compile, false
  function text.regex(pattern, ...)
    local re = regex(pattern, ...)
    return inside and re or note(pattern, re)
  end
  function python_regex.compile(pattern, ...)
    inside = true
    local ok, re = pcall(compile, pattern, ...)
    inside = false
    return note(pattern, ok and re or error(re, 0))
  end
end

return M
