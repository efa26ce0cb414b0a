-- Errors of user code while rows are traced. They are problems (dm.problem) and are printed as such; two fields more
-- are what a session needs: `full`, which the ledger of a run has, and `path`, which `dmhost dev` waits for a save of.
-- Where an operator failed is known without LuaJIT's making a traceback of every row that raises.
local add_place = require "dm.run.add_place"
local problem = require "dm.problem"
local text_of = require("dm.raised").text

local M = {}

local last ---@type dm.Place?

---A problem, and `full`: what was raised, as the ledger has it.
---@class dm.Fault: dm.Problem
---@field full string
---@field path string? the file at fault, when the line is not known

---The innermost frame of code that is not the runtime's.
local function culprit(level)
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    local source = info.source
    if info.currentline > 0 and source:find "^[@=]" and not source:find "^=?lua/dm/" and not source:find "^=%(" then
      return problem.place(source:sub(2), info.currentline, 1)
    end
    level = level + 1
  end
end

local function is_ours(at)
  return at ~= nil and at.path:find "^lua/dm/" ~= nil
end

---The column of the first word of a line.
local function at_word(place)
  if place and place.text then place.col = place.text:find "%S" or 1 end
  return place
end

---For xpcall around an operator: what it raised, as the ledger has it. Where that was is remembered for M.of.
---@param raised any
---@return any
function M.of_operator(raised)
  last = at_word(culprit(2))
  return add_place(raised)
end

---For xpcall: turns what was raised into a fault.
---@param raised any
---@return dm.Fault
function M.handler(raised)
  local p = problem.of(problem.is(raised) and raised or text_of(raised))
  if not problem.is(raised) and (not p.at or is_ours(p.at)) then
    p.unsaid = p.at == nil
    p.at = at_word(culprit(3))
  end
  p.full = p.full or text_of(raised)
  return p
end

---The same outside of xpcall: of what M.of_operator answered, and of what is raised when no handler could be called.
---@param raised any
---@return dm.Fault
function M.of(raised)
  local p = problem.of(problem.is(raised) and raised or text_of(raised))
  p.full = p.full or text_of(raised)
  p.at = p.at or last
  last = nil
  return p
end

---A fault that no Lua code raised.
---@param what string
---@param path string? the file at fault
---@return dm.Fault
function M.new(what, path)
  return problem.new(what, { full = what, path = path })
end

---What was sent from a worker, as a fault again.
---@param sent table?
---@return dm.Fault?
function M.received(sent)
  return sent and problem.new(sent.what, sent)
end

---The file at fault, and its line.
---@param f dm.Fault
---@return string? path
---@return integer? line
function M.place(f)
  return f.at and f.at.path or f.path, f.at and f.at.line
end

return M
