-- dmhost run: turns a pipeline and its options into a job for the coordinator, and reports how it ended.
local ffi = require "ffi"
local job_module = require "dm.cli.job"
local json = require "dm.json"
local options = require "dm.cli.options"
local pass_module = require "dm.run.pass"
local pipeline = require "dm.pipeline"
local problem = require "dm.problem"
local recipe = require "dm.recipe"
local registry = require "dm.registry"
local report = require "dm.cli.report"
local resume = require "dm.run.resume"
local shell = require "dm.shell"
local sources = require "dm.sources"
local summary = require "dm.run.summary"
local utf8 = require "dm.utf8"

local C = ffi.C

local M = {
  summary = "run a pipeline over a corpus",
  usage = "dmhost run PIPELINE.lua|-e TEXT [OPTIONS]",
  options = {
    { "input", short = "i", value = "PATH", list = true, doc = "input instead of the pipeline's; may be repeated" },
    { "output", short = "o", value = "PATH", doc = "output instead of the pipeline's" },
    { "workers", short = "j", value = "N", doc = "worker processes; 0: all in one process; default, auto: what fits" },
    { "engine", value = "NAME", doc = "have NAME or NAME=ADDRESS start workers: see `dmhost help clusters`" },
    { "slots", value = "N", doc = "with --engine: workers of each process that it starts; default: 1" },
    { "cpus", value = "N", doc = "with --engine: processors of each worker; default: as operators say, or 1" },
    { "gpus", value = "N", doc = "with --engine: GPUs of each worker; default: as operators say" },
    { "memory", value = "SIZE", doc = "with --engine: memory of each worker; default: as operators say" },
    { "listen", value = "ADDR", doc = "with --engine: where workers reach this machine, ADDRESS or ADDRESS:PORT" },
    { "lost-after", value = "TIME", doc = "with --engine: silence after which a node is lost; default: 5s" },
    { "eval", short = "e", value = "TEXT", doc = "the pipeline as text" },
    { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
    { "set", value = "OP.KEY=V", list = true, doc = "a parameter of an operator, or limits.KEY=V; may be repeated" },
    { "limit", value = "N", doc = "the first N rows only" },
    { "sample", value = "P", doc = "a share of the rows, from 0 to 1, at random but the same each time" },
    { "resume", doc = "go on with a run that did not end" },
    { "force", doc = "replace output that exists" },
    { "max-rejects", value = "N", doc = "rows that may be rejected before the exit status is 3" },
    { "max-requests", value = "N", doc = "requests to models, after which the run stops" },
    { "max-cost", value = "C", doc = "what requests to models may cost, by the operators' prices, until it stops" },
    { "no-cache", doc = "ask models again, and keep no replies" },
    { "cache", value = "FILE", doc = "file of models' replies instead of the user's" },
    { "replay", value = "FILE", doc = "take models' replies from such a file only; a miss ends the run" },
    { "dry-run", doc = "check everything, show the plan, and run nothing" },
    { "quiet", short = "q", doc = "no progress, no summary" },
    { "log-format", value = "FORMAT", doc = "text or json, for progress and summary on stderr" },
  },
  notes = [[
Input is JSONL: files, globs, folders, or - for standard input; .gz and .zst are recognised by content.
Output is a file, a folder (ends in /; files of shard_size), "folder/{file}" (one for each input), or -.
Rejected rows, the ledger of dropped rows and run.json stand in the run directory: OUT.run/, OUT/.dmhost/.

exit status: 0 done; 1 failed; 2 wrong usage or pipeline; 3 done, but more than max_rejects rows were
rejected; 4 stopped by --max-requests or --max-cost, 130 interrupted (both go on with --resume)
]],
}

-- What finish() needs to know about the run that start() began.
local begun

---Raises an error; what to do next comes second.
local function fail(what, next_step)
  problem.raise(what, { next = next_step })
end

---A line on stderr: for people, or with --log-format json for machines.
local function say(values, text)
  if values["log-format"] == "json" then
    text = json.encode { event = "message", text = utf8.clean(text) }
  else
    text = "dmhost: " .. text
  end
  io.stderr:write(text, "\n")
end

local function load_pipeline(values)
  local path = values[1]
  if values.eval then
    path = "(-e)"
    sources.restore { { path = path, text = values.eval } }
  end
  if not path then
    fail("no pipeline is given", "dmhost run PIPELINE.lua, or dmhost run -e 'return dm.pipeline{ ... }'")
  end
  local surplus = values[values.eval and 1 or 2]
  if surplus then
    fail(('the argument "%s" is one too many'):format(surplus), "input is given with -i, output with -o")
  end
  return pipeline.load(path), path
end

---Cuts the pipeline into passes where operators look at the whole corpus.
local function cut(p, values, ops)
  local is_cut = false
  for _, op in ipairs(ops) do is_cut = is_cut or op.whole_corpus end
  if not is_cut or values["dry-run"] or values.profile then return end
  local kind, folder = job_module.describe_output(job_module.output_of(p, values))
  if kind == "each" then
    fail("an output for each input does not go with operators that look at all rows", "name a file or a folder with -o")
  end
  p.passes = require("dm.datajuicer.passes").of(p, ops, folder, tonumber(values.workers), function(text)
    if not values.quiet then say(values, text) end
  end)
end

local function check_output(output, values, kind, folder)
  if kind == C.DM_TO_STDOUT and values.resume then
    fail("standard output can not be resumed", "write to a file or a folder with -o")
  end
  if kind == C.DM_TO_EACH and output:sub(-1) == "/" then
    fail(output .. " names a folder for each input, not a file", 'one file for each input is "FOLDER/{file}"')
  end
  local taken = kind ~= C.DM_TO_STDOUT and C.dm_output_taken(output, kind)
  if taken == C.DM_OUTPUT_SPECIAL then
    fail(output .. " is not a regular file", "-o - writes to standard output, from where rows may go anywhere")
  end
  if taken == C.DM_OUTPUT_TAKEN and not values.force and not (values.resume and resume.has_begun(folder)) then
    local place = folder == "/.dmhost" and "/" or folder:gsub("/%.dmhost$", "")
    fail(kind == C.DM_TO_FILE and output .. " exists" or place .. " is not empty",
      "choose another output with -o, or replace it with --force")
  end
end

---The command that replays one row of the run.
local function replay_command(values, path)
  local words = { "dmhost try", values.eval and "-e" or nil }
  words[#words + 1] = shell.quote(values.eval or path)
  for _, folder in ipairs(values.ops or {}) do words[#words + 1] = "--ops " .. shell.quote(folder) end
  for _, setting in ipairs(values.set or {}) do words[#words + 1] = "--set " .. shell.quote(setting) end
  return table.concat(words, " ") .. " --row "
end

local function add_folder(folder)
  if C.dm_is_folder(folder) == 0 then
    fail("--ops: there is no folder " .. folder, "it is a folder with files of operators, NAME.lua or NAME/process.lua")
  end
  registry.add_folder(folder)
end

---What the report needs to know about the job that was filled.
---@param filled dm.Job
---@return table
local function describe(filled, values, p, path, pass)
  local is_later = pass_module.input(p, pass) ~= nil -- it reads what a pass before it wrote
  return {
    format = filled.format,
    names = filled.names,
    binary = filled.plan.binary,
    max_rejects = options.whole("run", values, "max-rejects", 0) or p.max_rejects,
    output = p.task and p.task.export or filled.output,
    folder = filled.folder,
    kind = filled.kind,
    workers = filled.workers,
    bound = filled.bound,
    needed = filled.needed,
    pipeline = path,
    replay = replay_command(values, path),
    inputs = is_later and begun.inputs or filled.inputs,
    resumable = filled.kind ~= C.DM_TO_STDOUT and not filled.stdin and (not is_later or begun.resumable),
    passes = p.passes,
  }
end

---Readies the job of a task of DataMate, or of one of its passes.
local function ready_task(job, values, p, plan, pass, prepare)
  begun.task, begun.pass = p.task, pass
  return p.task:ready(job, pass, not values.force and plan or nil, prepare)
end

---Readies the job of any other pipeline, or of one of its passes.
local function ready(job, values, p, pass, prepare)
  local output = p.passes and job_module.output_of(p, values) or begun.output
  local folder = p.passes and p.passes.folder or begun.folder
  check_output(output, values, job_module.KINDS[job_module.describe_output(output)],
    p.passes and p.passes:folder_of(1) or folder)
  local status = values.resume and resume.status(folder)
  if status then
    say(values, output .. " is complete already; nothing to resume")
    return status
  end
  if not p.passes then return C.DM_RUN_JOB end
  begun.pass = pass < p.passes.last and pass or nil
  return p.passes:ready(job, pass, prepare)
end

---Makes the operators and fills in the job of a run, or of one of its passes.
---@param values table options and arguments
---@param p dm.Pipeline
---@param path string of the pipeline
---@param pass integer? of a task: before the run proper, up to its DuplicateFilesFilter of that number; of a pipeline
---that is cut into passes: which one
---@return integer exit status, or DM_RUN_JOB
local function prepare(values, p, path, pass)
  local ops = p:make_operators(values.set or {})
  if p.task and p.task.see then p.task:see(ops) end
  if not pass and not p.task then
    cut(p, values, ops)
    pass = p.passes and 1
  end
  local job = C.dm_job_get()
  local filled = job_module.fill(job, p, values, pass_module.operators(p, ops, pass), path, pass)
  if values.resume and not p.task then resume.check(filled.folder, filled.plan) end
  begun = describe(filled, values, p, path, pass)
  if values["dry-run"] then
    C.dm_streams_restore()
    report.plan(begun, job)
    return 0
  end
  local function prepare_next(next_pass) return prepare(values, p, path, next_pass) end
  if p.task then return ready_task(job, values, p, filled.plan, pass, prepare_next) end
  return ready(job, values, p, pass, prepare_next)
end

local function start(values)
  for _, folder in ipairs(values.ops or {}) do add_folder(folder) end
  local loaded, p, path = xpcall(load_pipeline, problem.catch, values)
  if not loaded then
    if values[1] and recipe.is(values[1]) then require("dm.datamate.settle").fail(values[1]) end
    error(p, 0)
  end
  if p.task and not values["dry-run"] then
    return require("dm.datamate.task").start(p.task, values, function(pass) return prepare(values, p, path, pass) end)
  end
  return prepare(values, p, path)
end

---@param values table options and arguments
---@return integer exit status, or DM_RUN_JOB when the coordinator is to run the job
function M.run(values)
  sources.install()
  C.dm_streams_divert()
  C.dm_making_watch(1)
  local status = start(values)
  C.dm_making_watch(0)
  recipe.release()
  return status
end

---The same for a command that wants to know how it ended.
---@param values table
---@param on_end fun(outcome: ffi.cdata*, begun: table): boolean? its answer: false when it failed
---@return integer exit status, or DM_RUN_JOB
function M.begin(values, on_end)
  local status = M.run(values)
  begun.on_end = on_end
  return status
end

---Called by C when the job has ended.
---@param pointer lightuserdata struct dm_outcome *
---@return integer exit status
function M.finish(pointer)
  local outcome = ffi.cast("struct dm_outcome *", pointer)
  begun.summary = summary.of(outcome, begun.names)
  if begun.passes and not begun.pass then begun.summary = summary.join(begun.passes:summaries(), begun.summary) end
  local status = report.status(outcome, begun)
  local ended
  if begun.pass and (status == 0 or status == 3 and begun.passes) then
    local lost = report.keep(begun.folder, report.receipt(outcome, begun, status))
    if lost then error(lost, 0) end
    return (begun.task or begun.passes):next_pass(begun.pass)
  end
  C.dm_streams_restore()
  if begun.task then status, ended = begun.task:ended(outcome, status) end
  local receipt = report.receipt(outcome, begun, status)
  local lost = outcome.begun == 1 and report.keep(begun.folder, receipt)
  report.show(outcome, begun, status, receipt)
  if lost then say({ ["log-format"] = begun.format }, "the run has left no receipt: " .. lost) end
  if ended then say({ ["log-format"] = begun.format }, ended) end
  if begun.on_end then return begun.on_end(outcome, begun) and (status == 3 and 0 or status) or math.max(status, 1) end
  return status
end

return M
