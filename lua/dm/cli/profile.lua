-- dmhost profile: where the time of a pipeline goes, by operator and by line, and what LuaJIT does not compile.
local columns = require "dm.cli.columns"
local advice = require "dm.profile.advice"
local disk = require "dm.disk"
local json = require "dm.json"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local run = require "dm.cli.run"
local shell = require "dm.shell"
local show = require "dm.problem.show"
local tally = require "dm.profile.tally"
local terminal = require "dm.terminal"
local plural = require("dm.units").plural

local visible = paint_module.visible

local M = {
  summary = "time per operator and per line, and what is not compiled",
  usage = "dmhost profile PIPELINE.lua|-e TEXT [IN]... [OPTIONS]",
  options = {
    { "limit", value = "N", doc = "the first N rows only; default: 200000" },
    { "folded", value = "FILE", doc = "stacks for a flame graph; - is standard output, in place of the table" },
    { "eval", short = "e", value = "TEXT", doc = "the pipeline as text" },
    { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
    { "set", value = "OP.KEY=V", list = true, doc = "a parameter of an operator, or limits.KEY=V; may be repeated" },
  },
  notes = [[
Runs one worker on the rows of the input; nothing is kept of the output. LuaJIT is asked where it is
every millisecond; what runs in C is on the line that called it. Ctrl-C shows what there is so far.
FILE is what flame graphs are made of: a line for each stack, and how many samples it has.
]],
}

local LIMIT, LINES, FEW = "200000", 5, 100

-- Exit status of a run that was interrupted: what came before is worth a look.
local INTERRUPTED = 130

local function scratch_folder()
  local path = os.tmpname()
  os.remove(path)
  return path .. ".d"
end

local function per_cent(n, total)
  return total > 0 and ("%5.1f %%"):format(100 * n / total) or "    -"
end

---The function of C that most of a line's time is spent in.
local function kernel(line)
  local best, most = nil, 0
  for name, n in pairs(line.kernels) do
    if n > most or n == most and name < best then best, most = name, n end
  end
  return most * 2 > line.n and "  in C: " .. best or ""
end

local function show_lines(op, total, style)
  for i = 1, math.min(LINES, #op.lines) do
    local line = op.lines[i]
    if line.n * 200 < total then return end
    local text = ("  %s  %s  "):format(per_cent(line.n, total), line.place)
    local after = kernel(line)
    local room = math.max(style.width - #text - #after, 20)
    io.write(text, paint_module.cut(visible(tally.source(line.place)), room), after, "\n")
  end
end

---Microseconds that a row took in an operator.
local function for_row(op, counts, total, seconds)
  local rows = counts and tonumber(counts["in"]) or 0
  return rows > 0 and total > 0 and ("%.2f us"):format(op.n / total * seconds * 1e6 / rows) or "-"
end

local COLUMNS = { { "time", 8 }, { "a row", 12, missed = 2 }, { "rows in", 10, missed = 1 } }

local function show_table(ops, total, outcome)
  local style, c, rows = show.style(1), outcome.counts, {}
  io.write(("%s, %s in %.2f s\n\n"):format(plural(tonumber(c.rows), "row"), plural(total, "sample"), outcome.seconds))
  for i, op in ipairs(ops) do
    local counts = i < #ops and c.ops[i - 1] or nil
    rows[i] = { visible(op.name), per_cent(op.n, total), for_row(op, counts, total, outcome.seconds),
      counts and ("%d"):format(tonumber(counts["in"])) or "" }
  end
  local layout = columns.fit(40, COLUMNS, rows, terminal.columns(1))
  io.write(layout:head "operator")
  for i, op in ipairs(ops) do
    io.write(layout:line(rows[i]))
    show_lines(op, total, style)
  end
  if total < FEW then
    io.write "\nso few samples say little: more rows are needed (--limit, or another input)\n"
  end
end

---The host's own code is not the user's to change; everything else is.
local function is_host(place)
  return place:find "^lua/dm/" or place:find "^%(" or place:find "^%["
end

local function show_aborts(aborts)
  local list = {}
  for key, n in pairs(aborts) do
    local place, reason = key:match "^(.-)\n(.*)$"
    local what = not is_host(place) and advice.of(reason)
    if what then list[#list + 1] = { place = place, reason = reason, n = n, what = what } end
  end
  table.sort(list, function(a, b) return a.place .. a.reason < b.place .. b.reason end)
  if #list == 0 then return io.write "\nLuaJIT compiles all of it\n" end
  io.write "\nnot compiled by LuaJIT\n"
  for _, abort in ipairs(list) do
    io.write(("  %s: %s, %d time%s\n"):format(abort.place, abort.reason, abort.n, abort.n == 1 and "" or "s"))
    io.write("      | ", tally.source(abort.place), "\n      next  ", abort.what, "\n")
  end
end

local function write_folded(path, folded)
  local lines = {}
  for stack, n in pairs(folded) do lines[#lines + 1] = ("%s %d\n"):format(stack:gsub("\n", " "), n) end
  table.sort(lines)
  if path == "-" then return io.write(table.concat(lines)) end
  local why = disk.write(path, table.concat(lines))
  if why then error("cannot write the stacks to " .. why, 0) end
end

---What the run is for: called when it has ended.
local function report(values, path, outcome, begun)
  local text = disk.read(path)
  if not text then return io.write "no rows: nothing to measure\n" end
  local recorded = json.decode(text)
  local ops, folded, total = tally.of(recorded.samples, begun.names)
  if values.folded then write_folded(values.folded, folded) end
  if values.folded == "-" then return end
  show_table(ops, total, outcome)
  show_aborts(recorded.aborts)
end

---A run in this process, into a folder that goes when it has ended.
local function run_values(values, folder)
  local inputs = { unpack(values, values.eval and 1 or 2) }
  return {
    [1] = not values.eval and values[1] or nil,
    eval = values.eval,
    input = #inputs > 0 and inputs or nil,
    output = folder .. "/rows.jsonl",
    profile = folder .. "/profile.json",
    limit = values.limit or LIMIT,
    workers = "1",
    quiet = true,
    ops = values.ops,
    set = values.set,
  }
end

---@param values table
---@return integer exit status, or DM_RUN_JOB
function M.run(values)
  if not values.eval and not values[1] then
    problem.raise("no pipeline is given", { next = "dmhost profile PIPELINE.lua, or dmhost profile -e TEXT" })
  end
  local folder = scratch_folder()
  local wanted = run_values(values, folder)
  return run.begin(wanted, function(outcome, begun)
    local ok, why = true, nil
    if outcome.status == 0 or outcome.status == INTERRUPTED then
      ok, why = xpcall(report, problem.catch, values, wanted.profile, outcome, begun)
    end
    os.execute("rm -rf -- " .. shell.quote(folder))
    if not ok then show.print(why) end
    return ok
  end)
end

return M
