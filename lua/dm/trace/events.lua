-- What `dmhost dev` tells machines: one JSON object a line, with the key "event".
local fault_module = require "dm.trace.fault"
local json = require "dm.trace.json"

local M = {}

---@class dm.DevEvents what dev tells, as JSON lines
local Events = {}
Events.__index = Events

---@return dm.DevEvents
function M.new()
  return setmetatable({}, Events)
end

local function write(list)
  return io.write(json.object(list), "\n") and io.flush()
end

---An integer for milliseconds, at least 1.
local function whole(ms)
  return json.value(math.max(1, math.floor(ms + 0.5)))
end

local function write_fault(fault)
  local path, line = fault_module.place(fault)
  return write { { "event", '"error"' }, { "file", path and json.value(path) or "null" },
    { "line", line and json.value(line) or "null" }, { "message", json.value(fault.what) } }
end

---Tells that saves will be seen from now on.
---@param live dm.Live
---@return boolean? nil when nobody reads
function Events.ready(_, live)
  if live.fault and not write_fault(live.fault) then return nil end
  return write { { "event", '"ready"' } }
end

local function write_rows(live)
  for _, i in ipairs(live.change.rows) do
    if not write { { "event", '"row"' }, { "row", json.value(live:id(i)) },
      { "outcome", json.value(live.outcomes[i].outcome) }, { "changed", "true" } } then return nil end
  end
  return true
end

---Tells what a save has brought.
---@param live dm.Live
---@param since number when the file was saved
---@param now fun(): number
---@return boolean? nil when nobody reads
function Events.saved(_, live, since, now)
  if live.fault then return write_fault(live.fault) end
  local ms = whole(now() - since)
  for _, name in ipairs(live.made) do
    if not write { { "event", '"reload"' }, { "operator", json.value(name) }, { "ms", ms } } then return nil end
  end
  if not write_rows(live) then return nil end
  local count = live:count()
  return write { { "event", '"summary"' }, { "kept", json.value(count.kept) },
    { "dropped", json.value(count.dropped) }, { "changed", json.value(live.change.changed) },
    { "rejected", json.value(count.rejected) } }
end

---Keys mean nothing here.
---@return boolean go on
function Events.key()
  return true
end

---The terminal's size means nothing here.
function Events.resize() end

---Nobody else could write in between.
function Events.resumed() end

---Nothing is to be put back.
function Events.close() end

return M
