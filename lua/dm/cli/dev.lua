-- dmhost dev: rows through a pipeline, again after every save of a file on which it hangs.
local ffi = require "ffi"
local fault = require "dm.trace.fault"
local events = require "dm.trace.events"
local live_module = require "dm.trace.live"
local options = require "dm.cli.options"
local screen = require "dm.trace.screen"
local session = require "dm.trace.session"
local sources = require "dm.sources"
local target = require "dm.trace.target"
local watch_module = require "dm.trace.watch"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {
  summary = "see what every save of an operator changes",
  usage = "dmhost dev PIPELINE.lua|OPERATOR [IN]... [OPTIONS]",
  options = target.with_options {
    { "limit", short = "n", value = "N", doc = "watch the first N rows; default 1000" },
    { "sample", value = "P", doc = "a share of the rows, from 0 to 1, at random but the same each time" },
    { "json", doc = "one event a line: ready, reload, error, row, summary; also without a terminal" },
  },
  notes = [[
The pipeline, its operators, the modules that they require and the files that they read are watched. Only what has
changed is made anew; an operator with `migrate(self, old)` gets the plain data of the instance that it replaces. While
a file has an error, the last good version stays. Rows whose outcome or content the last save changed come first.

keys: n next row, p previous row, f rows of the next operator only, space further down a long row, q quit, Ctrl-Z stop
]],
}

local DEFAULT_LIMIT, SETTLE_MS = 1000, 8

local EXIT_INTERRUPTED = 130

---@class dm.Dev
---@field live dm.Live
---@field watch dm.Watch
---@field view dm.Screen|dm.DevEvents

---The next thing that happened; what came while rows were traced comes first.
local function next_event(live)
  return table.remove(live.client.pending, 1) or session.next()
end

---Whether there are saves among what came while rows were traced. One save may be told more than once.
local function has_saves(dev)
  for _, event in ipairs(dev.live.client.pending) do
    if event.kind == C.DM_EVENT_FILE and dev.watch:is_news(event.text) then return true end
  end
  return false
end

---Brings everything up to date and shows it. Answers false when nobody sees it.
local function update(dev)
  local live = dev.live
  dev.watch:follow(live.client.files)
  local changed, since = dev.watch:take(live.client.info, live.client.files)
  if not changed or #changed == 0 and not live.fault then return true end
  local finished = live:update(changed, function() return has_saves(dev) end)
  dev.watch:follow(live.client.files)
  if not finished then
    dev.watch:again(since, changed)
    C.dm_session_timer(SETTLE_MS)
    return true
  end
  if not live.fault then dev.watch:done() end
  return dev.view:saved(live, since, C.dm_session_now)
end

---@return integer? exit status when the session is to end
local function handle(dev, event)
  if event.kind == C.DM_EVENT_FILE then
    dev.watch:note(event.text, event.ms)
    C.dm_session_timer(SETTLE_MS)
  elseif event.kind == C.DM_EVENT_TIMER then
    return not update(dev) and 0 or nil
  elseif event.kind == C.DM_EVENT_KEY then
    return not dev.view:key(event.text) and 0 or nil
  elseif event.kind == C.DM_EVENT_RESIZE then
    dev.view:resize()
  elseif event.kind == C.DM_EVENT_RESUMED then
    dev.view:resumed()
  elseif event.kind == C.DM_EVENT_SIGNAL then
    return EXIT_INTERRUPTED
  elseif event.kind == C.DM_EVENT_CLOSED then
    return 0
  end
end

local function loop(dev)
  while true do
    local status = handle(dev, next_event(dev.live))
    if status then return status end
  end
end

local function new_live(values)
  local spec, inputs = target.of(values, "no pipeline is given", M.usage)
  return live_module.new(spec, inputs, { limit = options.whole("dev", values, "limit", 1) or DEFAULT_LIMIT,
    sampled = options.sampled(values) })
end

---The first version of everything.
local function first(dev)
  local live, spec = dev.live, dev.live.client.spec
  dev.watch:follow()
  live:update({}, function() return false end)
  if live.fault and not sources.exists(spec.target) and not sources.exists(fault.place(live.fault) or "") then
    error(live.fault, 0) -- no save can mend it
  end
  dev.watch:follow(live.client.files)
end

local function run(dev)
  first(dev)
  return not dev.view:ready(dev.live) and 0 or loop(dev)
end

local function on_terminal(values)
  return not values.json and C.dm_is_terminal(0) == 1 and C.dm_is_terminal(1) == 1
end

local function main(values)
  local live = new_live(values)
  local dev = { live = live, watch = watch_module.new(live.client.spec) }
  if not on_terminal(values) then
    C.dm_session_reader()
    dev.view = events.new()
    return run(dev)
  end
  if C.dm_session_keys(err) < 0 then error(ffi.string(err.text), 0) end
  dev.view = screen.new(live)
  local ok, status = xpcall(run, target.catch, dev)
  dev.view:close()
  return ok and status or error(status, 0)
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  return target.run(function() return main(values) end, values.json)
end

return M
