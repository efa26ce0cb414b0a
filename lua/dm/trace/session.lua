-- A command that waits for things: it runs in a coroutine that host/trace/session.c resumes with every event, so that
-- it reads as straight-line code.
local ffi = require "ffi"

local C = ffi.C

local M = {}

---Something that happened: see struct dm_event.
---@class dm.Event
---@field kind integer C.DM_EVENT_REPLY ...
---@field op integer
---@field row number
---@field text string
---@field ms number

local command

---Begins a session: `main` runs once the event loop does, and returns the exit status.
---@param main fun(): integer
---@return integer what dm.cli.main must return
function M.begin(main)
  command = coroutine.create(main)
  return C.DM_RUN_SESSION
end

---Waits for the next event.
---@return dm.Event
function M.next()
  return coroutine.yield()
end

---Called by C with each event.
---@param pointer lightuserdata struct dm_event *
---@return integer exit status, or DM_RUN_SESSION to go on
function M.resume(pointer)
  local e = ffi.cast("struct dm_event *", pointer)
  local event = { kind = e.kind, op = e.op, row = e.row, text = ffi.string(e.text, e.n), ms = e.ms }
  local ok, result = coroutine.resume(command, event)
  if not ok then error(debug.traceback(command, tostring(result)), 0) end
  return coroutine.status(command) == "dead" and result or C.DM_RUN_SESSION
end

return M
