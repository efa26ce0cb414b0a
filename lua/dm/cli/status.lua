-- dmhost status: how far a run is, from its run directory, from another terminal or machine.
local ffi = require "ffi"
local disk = require "dm.disk"
local folder_module = require "dm.run.folder"
local json = require "dm.json"
local problem = require "dm.problem"
local units = require "dm.units"
local utf8 = require "dm.utf8"
local visible = require("dm.trace.paint").visible

local M = {
  summary = "how far a run is, from another terminal or machine",
  usage = "dmhost status RUN [--follow] [--json]",
  most = 1,
  options = {
    { "follow", short = "f", doc = "a line a second until the run has ended" },
    { "json", doc = "one JSON object" },
  },
  notes = [[
RUN is a run directory, or the output that it belongs to. All that is told comes from the files in it.

exit status: 0 running or done; 1 failed or dead; 2 no run; 3 done, with rows rejected; 130 interrupted
]],
}

local count = units.show_count

local function moment(seconds)
  return os.date("%Y-%m-%d %H:%M:%S", seconds)
end

local function progress(s)
  local share = s.share and ("%3.0f %%  "):format(s.share * 100) or ""
  local eta = s.eta and ("  ETA %d s"):format(s.eta) or ""
  return ("%s%s rows  %s rows/s  %.1f MB/s%s  %s rejected  %d worker%s"):format(share, count(s.rows),
    count(s.rows_per_s), s.mb_per_s, eta, count(s.rejected), s.workers, s.workers == 1 and "" or "s")
end

local function place(s)
  return ("on %s, process %d, since %s"):format(visible(s.host), s.pid, moment(s.began))
end

local function say(name, format, ...)
  io.write(("%-8s "):format(name), format:format(...), "\n")
end

local SHOW = {}

function SHOW.running(seen, folder)
  local s = seen.status
  if not s then return say("state", "running, just begun") end
  say("state", "%s %s", s.stopping and "stopping" or "running", place(s))
  say("so far", "%s", progress(s))
  if s.workers == 0 then -- the run itself has told why
    local last = (disk.read(folder .. "/log") or ""):match "([^\n]*)\n$"
    if last then say("waits", "%s", visible(last)) end
  end
  if s.workers_lost > 0 then say("lost", "%s workers, which were replaced", count(s.workers_lost)) end
end

function SHOW.dead(seen)
  local s = seen.status
  say("state", "dead: its coordinator was %s, and is no more", place(s))
  say("so far", "%s", progress(s))
  say("heard", "last at %s", moment(s.began + s.seconds))
  say("next", "go on with the same command and --resume")
end

function SHOW.unknown()
  say("state", "ended, and left no receipt (run.json)")
end

---A run that has ended and left its receipt.
local function show_receipt(seen)
  local r = seen.receipt
  if seen.state ~= r.status then
    say("state", "%s behind this pass, which took %.1f s", seen.state, r.seconds)
    say("next", "go on with the same command and --resume")
  else
    say("state", "%s, after %.1f s; exit status %d", r.status, r.seconds, r.exit_status)
  end
  say("rows", "%s in, %s out", count(r.rows["in"]), count(r.rows.out))
  if r.error then say("error", "%s", visible(r.error)) end
end

local function exit_status(seen)
  if seen.state == "interrupted" then return 130 end
  if seen.receipt then return seen.receipt.exit_status end
  return seen.state == "running" and 0 or 1
end

---Answers false when nobody reads what is written.
local function follow(folder)
  local last
  repeat
    local seen = folder_module.look(folder)
    local line = seen.state == "running" and seen.status and progress(seen.status)
    if line and seen.status.count ~= last then
      last = seen.status.count
      if not (io.write(line, "\n") and io.flush()) then return false end
    end
    if seen.state == "running" then ffi.C.dm_pause(200) end
  until seen.state ~= "running"
  return true
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  if not values[1] then problem.raise("no run is given", { next = M.usage }) end
  local folder = folder_module.find(values[1])
  if values.follow and not follow(folder) then return 0 end
  local seen = folder_module.look(folder)
  if values.json then
    local found = { run = utf8.clean(folder), state = seen.state, status = seen.status, receipt = seen.receipt }
    io.write(json.encode(found), "\n")
  else
    say("run", "%s", visible(folder))
    local show = SHOW[seen.state] or show_receipt
    show(seen, folder)
  end
  return exit_status(seen)
end

return M
