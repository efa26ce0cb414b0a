-- What a run tells at its end: the table for people, run.json for machines, the exit status.
local ffi = require "ffi"
local columns = require "dm.cli.columns"
local disk = require "dm.disk"
local json = require "dm.json"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local resources = require "dm.resources"
local sample = require "dm.sample"
local shell = require "dm.shell"
local show = require "dm.problem.show"
local summary = require "dm.run.summary"
local terminal = require "dm.terminal"
local units = require "dm.units"
local utf8 = require "dm.utf8"

local C = ffi.C
local visible = paint_module.visible

local M = {}

local count = units.show_count

---@param outcome ffi.cdata* struct dm_outcome *
---@param begun table
---@return integer
function M.status(outcome, begun)
  if outcome.status == C.DM_ESPENT then return 4 end
  if outcome.status < 0 then return outcome.status == C.DM_EUSAGE and 2 or 1 end
  if outcome.interrupted == 1 then return 130 end
  return summary.rejected(begun.summary) > begun.max_rejects and 3 or 0
end

local function hash_of(path)
  return bit.tohex(C.dm_file_hash(path), 16)
end

local WORDS = { [0] = "done", [1] = "failed", [2] = "failed", [3] = "done", [4] = "stopped", [130] = "interrupted" }

---What ran, with which counts, as JSON.
---@param outcome ffi.cdata*
---@param begun table
---@param status integer
---@return string
function M.receipt(outcome, begun, status)
  local s = begun.summary
  return tostring(sample.sample { -- keys in order
    dmhost = require("dm.cli.version").VERSION,
    status = WORDS[status],
    exit_status = status,
    pipeline = utf8.clean(begun.pipeline),
    binary = begun.binary,
    luajit = jit.version,
    plan_hash = hash_of(begun.folder .. "/plan.json"),
    inputs_hash = hash_of(begun.folder .. "/inputs"),
    output = utf8.clean(begun.output),
    output_hash = bit.tohex(outcome.counts.out_crc, 16),
    inputs = begun.inputs,
    workers = begun.workers,
    seconds = s.seconds,
    splits = s.splits,
    workers_lost = s.workers_lost,
    resumed = outcome.resumed == 1,
    rows = s.rows,
    bytes = s.bytes,
    asked = s.asked,
    operators = s.operators,
    input_reasons = s.input_reasons,
    error = outcome.status < 0
      and utf8.clean(tostring(problem.of_c(outcome.status, ffi.string(outcome.err.text)))) or nil,
  })
end

---Writes run.json: whole, then renamed.
---@param folder string
---@param receipt string
---@return string? why it could not
function M.keep(folder, receipt)
  return disk.replace(folder .. "/run.json", receipt .. "\n")
end

local function say(...)
  io.stderr:write(...)
end

local function per_cent(part, whole)
  return whole > 0 and ("%.1f %%"):format(100 * part / whole) or "-"
end

---A line below an operator's.
local function say_below(layout, ...)
  say((" "):rep(layout.cuts and 4 or layout.name + 2), ...)
end

local function show_reasons(layout, list)
  for i, r in ipairs(list) do
    if i > 4 then
      say_below(layout, ("and %d more reasons in the ledger\n"):format(#list - 4))
      break
    end
    say_below(layout, ("%s %s\n"):format(count(r.rows), visible(r.reason)))
  end
end

local function show_asked(layout, a)
  if not a then return end
  say_below(layout, ("%s requests, %s of them made again; %s tokens in, %s out%s%s\n"):format(count(a.requests),
    count(a.retries), count(a.tokens_in), count(a.tokens_out), a.cost and ("; cost %.4f"):format(a.cost) or "",
    a.cached > 0 and ("; %s replies from the cache"):format(count(a.cached)) or ""))
  local l = a.latency_ms
  if l then
    say_below(layout, ("half of them within %g ms, 90 %% %g ms, 99 %% %g ms\n"):format(l.p50, l.p90, l.p99))
  end
end

local COLUMNS = { { "rows in", 11, missed = 5 }, { "rows out", 11 }, { "changed", 10, missed = 3 }, { "dropped", 10 },
  { "rejected", 8, missed = 6 }, { "% of left", 9, missed = 2 }, { "% of all", 9, missed = 1 },
  { "time", 6, missed = 4 } }

local function show_table(begun)
  local total, ops, rows = begun.summary.rows["in"], begun.summary.operators, {}
  for i, op in ipairs(ops) do
    local gone = op.dropped + op.rejected
    rows[i] = { visible(op.name), count(op["in"]), count(op.out), count(op.changed), count(op.dropped),
      count(op.rejected), per_cent(gone, op["in"]), per_cent(gone, total), ("%.0f %%"):format(100 * op.time_share) }
  end
  local layout = columns.fit(34, COLUMNS, rows, terminal.columns(2))
  say("\n", layout:head "operator")
  for i, op in ipairs(ops) do
    say(layout:line(rows[i]))
    show_asked(layout, op.asked)
    show_reasons(layout, op.reasons)
  end
  return layout
end

local function show_end(begun)
  local sum = begun.summary
  local earlier = sum.earlier or { rows = 0, bytes = 0 }
  local seconds = math.max(sum.seconds, 0.001)
  local rows, bytes = sum.rows["in"], sum.bytes["in"]
  local text = ("%s in, %s out, %s dropped, %s rejected; %s in %.2f s: %.1f MB/s, %s rows/s, %d worker%s"):format(
    units.plural(rows, "row"), count(sum.rows.out), count(summary.dropped(sum)), count(summary.rejected(sum)),
    units.show_bytes(bytes), seconds,
    (bytes - earlier.bytes) / seconds / 1e6, count((rows - earlier.rows) / seconds), math.max(begun.workers, 1),
    begun.workers > 1 and "s" or "")
  local function sentence(what, indent)
    say(table.concat(paint_module.wrap(what, terminal.columns(2), indent), "\n"), "\n")
  end
  say "\n"
  sentence(text, 2)
  sentence("output   " .. (begun.output == "-" and "standard output" or visible(begun.output)), 9)
  sentence("details  " .. visible(begun.folder) .. "/  (run.json, ledger.jsonl, rejects.jsonl"
    .. (begun.passes and "; those of earlier passes in pass-1/ ...)" or ")"), 9)
end

---Whether the failed run can be gone on with.
local function is_resumable(outcome, begun)
  return outcome.begun == 1 and begun.resumable and not ffi.string(outcome.err.text):find("--force", 1, true)
end

---Adds the command that replays the problem's row; a row of standard input is gone.
local function add_replay(p, begun)
  local id = p.row:gsub("#.*$", "")
  if id:sub(1, 2) == "-@" then return p end
  p.replay = begun.replay .. shell.quote(id)
  return p
end

---Why the run ended.
local function failure(outcome, begun)
  local p = problem.of_c(outcome.status, ffi.string(outcome.err.text))
  if p.row then
    add_replay(p, begun)
    p.next = p.next or 'on_error = "reject" in the pipeline sets such rows aside and goes on'
  elseif is_resumable(outcome, begun) then
    local kept = "what was done so far is kept in " .. begun.folder .. "; go on with --resume"
    p.next = p.next and p.next .. "; " .. kept or kept
  end
  return p
end

local function first_line(path)
  local file = io.open(path, "rb")
  local line = file and file:read "*l"
  if file then file:close() end
  return line
end

---The first row that was rejected, from the rejects files.
local function show_first_reject(begun)
  local passes, line = begun.passes, nil
  for pass = 1, passes and passes.last - 1 or 0 do
    line = line or first_line(passes:folder_of(pass) .. "/rejects.jsonl")
  end
  line = line or first_line(begun.folder .. "/rejects.jsonl")
  local ok, reject = pcall(json.decode, line or "")
  if not ok or type(reject) ~= "table" then return end
  local op = reject.op ~= "input" and reject.op or nil
  show.print(add_replay(problem.of_row(reject.row, op, reject.reason, reject.input), begun))
end

local function show_text(outcome, begun, status)
  if outcome.status < 0 then return show.print(failure(outcome, begun)) end
  if begun.format == "quiet" then return end
  local sum = begun.summary
  local layout = show_table(begun)
  if sum.rows.rejected_input > 0 then
    say(layout:note("rejected before any operator", count(sum.rows.rejected_input)))
    show_reasons(layout, sum.input_reasons)
  end
  show_end(begun)
  if status == 130 then
    say(begun.resumable and "interrupted; go on with the same command and --resume\n" or "interrupted\n")
  end
  if status == 3 then
    local n = summary.rejected(sum)
    say(("%s row%s rejected, more than max_rejects (%s): exit status 3; the first of them:\n"):format(
      count(n), n == 1 and " was" or "s were", count(begun.max_rejects)))
    show_first_reject(begun)
  end
end

---The closing table on stderr, or one line of JSON.
---@param outcome ffi.cdata*
---@param begun table
---@param status integer
---@param receipt string
function M.show(outcome, begun, status, receipt)
  if begun.format ~= "json" then return show_text(outcome, begun, status) end
  say('{"event":"end","exit_status":', tostring(status), ',"run":', receipt, "}\n")
end

---What a run would do (--dry-run).
---@param begun table
---@param job ffi.cdata*
function M.plan(begun, job)
  io.write("pipeline  ", begun.pipeline, "\n")
  io.write("input     ", units.plural(begun.inputs, "file"))
  if begun.inputs > 0 then io.write(", first ", ffi.string(C.dm_job_input(job, 0))) end
  io.write("\noutput    ", begun.output)
  io.write("\nworkers   ", tostring(begun.workers), begun.bound and " (" .. begun.bound .. ")" or "",
    "\n          each needs ", resources.show(begun.needed), "\noperators\n")
  for i, name in ipairs(begun.names) do io.write(("  %2d  %s\n"):format(i, name)) end
end

return M
