-- Programs beside a worker that it writes lines to and that answer with lines, on the event loop on which Lua waits.
local ffi = require "ffi"
local wait = require "dm.wait"

local C = ffi.C
local err = ffi.new "struct dm_error"
local event = ffi.new "struct dm_coprocess_event"

local M = {}

---@class dm.Coprocess
---@field id integer
---@field busy boolean whether something is expected of it: set by who talks to it
---@field on_line fun(line: string) must not wait
---@field on_end fun(ended: { status: integer, signal: integer, err: string }) must not wait; the last call
local Coprocess = {}
Coprocess.__index = Coprocess

---@type table<integer, dm.Coprocess>
local running = {}

local function take()
  while C.dm_coprocess_next(event) == 1 do
    local process, text = running[event.id], ffi.string(event.text, event.text_bytes)
    if event.ended == 1 then
      running[event.id] = nil
      process.on_end { status = event.status, signal = event.signal, err = text }
    else
      process.on_line(text)
    end
  end
end

local function pending()
  for _, process in pairs(running) do
    if process.busy then return true end
  end
  return false
end

local known

---Starts a program. Raises when there is none.
---@param words string[] the program and its arguments
---@param on_line fun(line: string)
---@param on_end fun(ended: { status: integer, signal: integer, err: string })
---@return dm.Coprocess
function M.start(words, on_line, on_end)
  if not known then
    wait.add_source { take = take, pending = pending }
    known = true
  end
  local text = table.concat(words, "\0") .. "\0"
  local id = C.dm_coprocess_start(text, #text, err)
  if id < 0 then error(ffi.string(err.text), 0) end
  local process = setmetatable({ id = id, busy = false, on_line = on_line, on_end = on_end }, Coprocess)
  running[id] = process
  return process
end

---Sends a line, or several that are separated by newlines.
---@param text string
function Coprocess:send(text)
  if C.dm_coprocess_send(self.id, text, #text, err) < 0 then error(ffi.string(err.text), 0) end
end

---Kills it; on_end is called when it has gone.
function Coprocess:kill()
  C.dm_coprocess_kill(self.id)
end

---How one ended, for people.
---@param ended { status: integer, signal: integer, err: string }
---@return string
function M.describe(ended)
  local how = ended.signal > 0 and ("was ended by signal %d"):format(ended.signal)
    or ("ended with exit status %d"):format(ended.status)
  local last = ended.err:match "([^\n]+)%s*$"
  return last and how .. ": " .. last or how
end

return M
