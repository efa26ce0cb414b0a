-- The worker's side of `dmhost profile`: while rows go through the operators, LuaJIT's profiler takes a sample of the
-- stack every millisecond, and what its compiler gives up on is noted. Both go to a file.
local ffi = require "ffi"
local disk = require "dm.disk"
local json = require "dm.json"
local profile = require "jit.profile"
local util = require "jit.util"
local vmdef = require "jit.vmdef"

local C = ffi.C
local failure = ffi.new "struct dm_error"

local M = {}

-- "l": a compiled trace looks for a sample that is due at each new line; "i...": LuaJIT's own timer, which is as coarse
-- as the kernel's ticks, is never due. Our own (dm_profile_start) is.
local MODE, FRAMES = "li2000000000", -40

-- Samples after which the results are written: a row that never ends has its worker killed.
local SAVED_EACH = 500

---@class dm.Recorder
---@field path string
---@field samples table<string, integer> operator, state of the machine and stack -> how many
---@field aborts table<string, integer> place and reason -> how often
local Recorder = {}
Recorder.__index = Recorder

---The compiler's reason as text.
local function reason_of(err, info)
  if type(err) ~= "number" then return tostring(err) end
  local text = vmdef.traceerr[err] or "?"
  if type(info) == "number" and text:find("bytecode", 1, true) then
    info = vmdef.bcnames:sub(info * 6 + 1, info * 6 + 6):gsub(" ", "")
  elseif type(info) == "function" then
    local known = util.funcinfo(info)
    info = known.ffid and vmdef.ffnames[known.ffid] or known.loc or "?"
  end
  return (text:gsub("%%[sd]", (tostring(info):gsub("%%", "%%%%"))))
end

local function place_of(func, pc)
  local info = util.funcinfo(func, pc)
  return ("%s:%d"):format((info.source or "?"):gsub("^[@=]", ""), info.currentline or 0)
end

---@param path string where the results are written; what a worker before has written there is added to
---@return dm.Recorder
function M.new(path)
  local before = disk.read(path)
  local recorder = setmetatable(before and json.decode(before) or { samples = {}, aborts = {} }, Recorder)
  recorder.path = path
  jit.attach(function(what, _, func, pc, err, info)
    if what ~= "abort" then return end
    local key = place_of(func, pc) .. "\n" .. reason_of(err, info)
    recorder.aborts[key] = (recorder.aborts[key] or 0) + 1
  end, "trace")
  return recorder
end

---Begins to take samples of what the worker is at.
---@param rows ffi.cdata* struct dm_rows *
function Recorder:start(rows)
  local samples, dumpstack = self.samples, profile.dumpstack
  local left = SAVED_EACH
  profile.start(MODE, function(thread, n, state)
    local key = ("%d\n%s\n%s"):format(C.dm_rows_op(rows), state, dumpstack(thread, "pl;", FRAMES))
    samples[key] = (samples[key] or 0) + n
    left = left - n
    if left <= 0 then
      self:save()
      left = SAVED_EACH
    end
  end)
  if C.dm_profile_start(failure) < 0 then error(ffi.string(failure.text), 0) end
end

---Writes what was recorded so far, all or nothing.
function Recorder:save()
  local new = self.path .. ".new"
  local file = assert(io.open(new, "wb"))
  assert(file:write(json.encode { samples = self.samples, aborts = self.aborts }))
  assert(file:close())
  assert(os.rename(new, self.path))
end

---Ends recording and writes what was recorded.
function Recorder:stop()
  C.dm_profile_stop()
  profile.stop()
  self:save()
end

return M
