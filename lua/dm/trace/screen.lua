-- What `dmhost dev` shows people: the counts, what the last save changed, and one row with what operators did to it.
local ffi = require "ffi"
local paint_module = require "dm.trace.paint"
local show = require "dm.trace.show"
local units = require "dm.units"

local C = ffi.C
local count = units.show_count

local M = {}

local ENTER, LEAVE = "\27[?1049h\27[?25l", "\27[?25h\27[?1049l"
local MOST_PRINTED = 4096
local UNSTEADY = "  beware: this is not what is counted above: asked for this row once more, to show it, operators "
  .. "answered otherwise; what they keep from row to row must not decide"
local HELP = "n next  p previous  f filter  space more  q quit"

---@class dm.Screen
---@field live dm.Live
---@field order integer[] rows in the order of showing: changed ones first
---@field at integer place in it
---@field filter integer? operator whose rows are shown
---@field top integer lines of the row that are scrolled away
---@field ms number? from the last save to the screen
local Screen = {}
Screen.__index = Screen

---@param live dm.Live
---@return dm.Screen
function M.new(live)
  local err = ffi.new "struct dm_error"
  if C.dm_terminal_capture(err) < 0 then error(ffi.string(err.text), 0) end
  io.write(ENTER)
  return setmetatable({ live = live, order = {}, at = 1, top = 0 }, Screen)
end

---Rows that the filter lets through, those that the last save changed first.
local function arrange(self)
  local live, list, seen = self.live, {}, {}
  local function add(i)
    local o = live.outcomes[i]
    if o and not seen[i] and (not self.filter or o.touched[self.filter]) then list[#list + 1] = i end
    seen[i] = true
  end
  if live.change and not live.first then
    for _, i in ipairs(live.change.rows) do add(i) end
  end
  self.changed = #list
  for i = 1, #live.outcomes do add(i) end
  self.order, self.top = list, 0
  self.at = math.max(1, math.min(self.at, #list))
end

local function totals(live)
  local c = live:count()
  return ("%s rows: %s kept, %s dropped, %s rejected"):format(count(#live.outcomes), count(c.kept),
    count(c.dropped), count(c.rejected))
end

local CHANGES = { { "now_dropped", "newly dropped" }, { "now_kept", "newly kept" },
  { "now_rejected", "newly rejected" }, { "changed", "changed" } }

---"shout reloaded in 34 ms: 3 newly dropped, 5 changed".
local function last_save(self)
  local change = self.live.change
  if self.live.first or not self.ms then return "watching; save a file to see what it changes" end
  local parts = {}
  for _, what in ipairs(CHANGES) do
    if change[what[1]] > 0 then parts[#parts + 1] = count(change[what[1]]) .. " " .. what[2] end
  end
  return ("%s reloaded in %.0f ms: %s"):format(table.concat(self.live.made, ", "), self.ms,
    #parts > 0 and table.concat(parts, ", ") or "nothing changed")
end

local function position(self)
  local filter = self.filter and "  filter: " .. self.live.good.ops[self.filter].name or ""
  if #self.order == 0 then return "no row" .. filter end
  local changed = self.changed > 0 and (", %s changed"):format(count(self.changed)) or ""
  return ("row %s of %s%s%s"):format(count(self.at), count(#self.order), changed, filter)
end

local function add(list, lines)
  for _, line in ipairs(lines) do list[#list + 1] = line end
end

local function head(self, paint)
  local live, list = self.live, {}
  add(list, paint_module.lines(paint, { { "dmhost dev " .. live.client.spec.target, "bold" }, { "  " },
    { live.good and totals(live) or "" } }, 2))
  if live.good then add(list, paint_module.lines(paint, { { last_save(self) } }, 2)) end
  if live.fault then
    add(list, paint_module.lines(paint, { { "error: " .. paint_module.visible(live.fault.what), "red" } }, 2))
    add(list, show.fault(paint, live.fault, ""))
    if live.good then list[#list + 1] = "the last good version is shown" end
  end
  if live.good then add(list, paint_module.lines(paint, { { position(self), "dim" } }, 2)) end
  list[#list + 1] = ""
  return list
end

---What was printed since the last call.
local function printed()
  local out = C.dm_text_out()
  out.n = 0
  return C.dm_terminal_captured(out, MOST_PRINTED) == 0 and ffi.string(out.p, out.n) or ""
end

---The lines of the row at hand: what operators did to it, and printed meanwhile.
local function body(self, paint)
  local i = self.order[self.at]
  if not i or not self.live.good then return {} end
  printed()
  local record = self.live:record(i)
  if not record then return { "this row can not be shown: the worker ended" } end
  local list = show.record(paint, record, self.live.good)
  if record.unsteady then add(list, paint_module.lines(paint, { { UNSTEADY, "yellow" } }, 4)) end
  for line in printed():gmatch "[^\n]+" do
    add(list, paint_module.lines(paint, { { "  prints  ", "dim" }, { paint_module.visible(line) } }, 10))
  end
  return list
end

---The part of the row's lines that fits.
local function window(self, lines, room)
  self.top = math.max(0, math.min(self.top, #lines - 1))
  local list = {}
  for i = self.top + 1, math.min(#lines, self.top + room) do list[#list + 1] = lines[i] end
  local rest = #lines - self.top - #list
  if rest > 0 and #list > 0 then list[#list] = ("... %d more lines: space"):format(rest + 1) end
  return list
end

---Draws everything.
---@param since number? when what is shown was saved, in milliseconds: how long ago that was is shown
---@return boolean? nil when nobody sees it
function Screen:draw(since)
  local paint, rows = paint_module.new(), math.max(C.dm_terminal_lines(), 6)
  local rest = body(self, paint)
  if since and not self.live.fault then self.ms = C.dm_session_now() - since end
  local lines = head(self, paint)
  while #lines > rows - 2 do table.remove(lines) end
  add(lines, window(self, rest, rows - 1 - #lines))
  while #lines < rows - 1 do lines[#lines + 1] = "" end
  lines[#lines + 1] = paint_module.lines(paint, { { HELP, "dim" } })[1]
  return io.write("\27[H", table.concat(lines, "\27[K\r\n"), "\27[K\27[J") and io.flush()
end

---Shows what there is at the start.
---@return boolean?
function Screen:ready()
  arrange(self)
  return self:draw()
end

---Shows what a save has brought: the first row that it changed.
---@param live dm.Live
---@param since number when the file was saved
---@return boolean?
function Screen:saved(live, since)
  if not live.fault then
    if self.filter and not live.good.ops[self.filter] then self.filter = nil end
    self.at = 1
    arrange(self)
  end
  return self:draw(since)
end

local function move(self, by)
  self.at = math.max(1, math.min(#self.order, self.at + by))
  self.top = 0
end

local function next_filter(self)
  local ops = self.live.good and self.live.good.ops or {}
  self.filter = (self.filter or 0) + 1
  if self.filter > #ops then self.filter = nil end
  self.at = 1
  arrange(self)
end

local KEYS = {
  n = function(self) move(self, 1) end,
  p = function(self) move(self, -1) end,
  f = next_filter,
  [" "] = function(self) self.top = self.top + math.max(1, C.dm_terminal_lines() - 8) end,
}
KEYS["\27[B"], KEYS["\27[A"], KEYS["\27[C"], KEYS["\27[D"] = KEYS.n, KEYS.p, KEYS.n, KEYS.p

KEYS["\26"] = function()
  io.write(LEAVE)
  io.flush()
  C.dm_session_suspend()
  io.write(ENTER)
end

local QUIT = { q = true, ["\3"] = true, ["\4"] = true }

---Does what keys ask for.
---@param text string as they came
---@return boolean go on
function Screen:key(text)
  local at = 1
  while at <= #text do
    local key = text:match("^\27%[%a", at) or text:sub(at, at)
    at = at + #key
    if QUIT[key] then return false end
    if KEYS[key] then KEYS[key](self) end
  end
  return self:draw() ~= nil
end

---The terminal has another size.
function Screen:resize()
  self:draw()
end

---Others may have written to the terminal.
function Screen:resumed()
  io.write(ENTER)
  self:draw()
end

---Leaves the terminal as it was.
function Screen.close()
  io.write(LEAVE)
  io.flush()
  printed() -- for a row that was looked at
  C.dm_terminal_release()
end

return M
