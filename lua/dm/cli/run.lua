-- dmhost run: turns a pipeline and its options into a job for the coordinator, and reports how it ended.
local ffi = require "ffi"
local engine = require "dm.cli.engine"
local files = require "dm.files"
local folder_module = require "dm.run.folder"
local json = require "dm.json"
local mixture = require "dm.mixture"
local options = require "dm.cli.options"
local pass_module = require "dm.run.pass"
local pipeline = require "dm.pipeline"
local problem = require "dm.problem"
local recipe = require "dm.recipe"
local registry = require "dm.registry"
local report = require "dm.cli.report"
local shell = require "dm.shell"
local sources = require "dm.sources"
local summary = require "dm.run.summary"
local utf8 = require "dm.utf8"
local workers = require "dm.workers"

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

-- Texts that C borrows until the run has ended.
local kept = {}

local function keep(text)
  kept[#kept + 1] = text
  return text
end

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

local KINDS = { file = C.DM_TO_FILE, folder = C.DM_TO_FOLDER, each = C.DM_TO_EACH, stdout = C.DM_TO_STDOUT }

---Where rows go: kind, run directory, and the name (or ending) of the files in it.
local function describe_output(output)
  if output == "-" then
    return "stdout", ("./dmhost-%s-%d"):format(os.date "%Y%m%dT%H%M%S", C.getpid()), "rows.jsonl"
  end
  local folder = output:match "^(.-)/?[^/]*{file}.*$"
  if folder then return "each", (folder == "" and "." or folder) .. "/.dmhost", ".rows" end
  if output:sub(-1) == "/" or C.dm_is_folder(output) == 1 then
    return "folder", output:gsub("/+$", "") .. "/.dmhost", ".jsonl"
  end
  return "file", output .. ".run", "rows"
end

---What the pipeline, or the user, calls the output.
local function output_of(p, values)
  local output = values.output or p.output
  if type(output) ~= "string" or output == "" then
    fail("the pipeline has no output", '`output = "clean.jsonl"` in the pipeline, or -o PATH; - is standard output')
  end
  return output
end

---Cuts the pipeline into passes where operators look at the whole corpus.
local function cut(p, values, ops)
  local is_cut = false
  for _, op in ipairs(ops) do is_cut = is_cut or op.whole_corpus end
  if not is_cut or values["dry-run"] or values.profile then return end
  local kind, folder = describe_output(output_of(p, values))
  if kind == "each" then
    fail("an output for each input does not go with operators that look at all rows", "name a file or a folder with -o")
  end
  p.passes = require("dm.datajuicer.passes").of(p, ops, folder, tonumber(values.workers), function(text)
    if not values.quiet then say(values, text) end
  end)
end

---The file of rows that a pass writes; nil: the output.
local function output_of_pass(p, pass)
  if p.passes then return p.passes:output(pass) end
  return pass and require("dm.datamate.twins").folder(p.task.folder, pass) .. "/files.jsonl"
end

local function set_output(job, p, values, pass)
  local rows = output_of_pass(p, pass)
  local output = rows or output_of(p, values)
  local kind, folder, name = describe_output(output)
  if p.task or rows then
    folder = output:match "^(.*)/"
  elseif p.passes then
    folder = p.passes.folder
  end
  if kind == "folder" then output = output:gsub("/+$", "") end
  job.kind = KINDS[kind]
  job.output = keep(output)
  job.settings.folder = keep(folder)
  job.settings.shard_folder = keep(folder)
  job.settings.shard_name = keep(name)
  job.settings.numbered = (kind == "folder" or kind == "each") and 1 or 0
  job.settings.shard_bytes = kind == "folder" and p.shard_size or 0
  return output, folder
end

---The patterns that name the input. -i puts others in the place of the pipeline's, which are read in the same way.
local function input_patterns(job, p, values)
  local input = p.input
  if files.is(input) then
    job.settings.documents = input.content and C.DM_FILE_AS_TEXT or C.DM_FILE_AS_ROW
    input = input.roots
  end
  input = values.input or input
  if type(input) == "string" then input = { input } end
  if type(input) ~= "table" or #input == 0 then
    fail("the pipeline has no input", '`input = "data/*.jsonl"` in the pipeline, or -i PATH; - is standard input')
  end
  for _, pattern in ipairs(input) do
    if pattern == "-" and job.settings.documents > 0 then fail "dm.files reads files, not standard input (-)" end
  end
  return input
end

local function set_input(job, p, values)
  if p.suffixes then job.suffixes = keep(table.concat(p.suffixes, "\n"):lower()) end
  if mixture.is(p.input) and not values.input then return p.input:add(job) end
  local input = input_patterns(job, p, values)
  local err = ffi.new "struct dm_error"
  for _, pattern in ipairs(input) do
    local status = C.dm_job_add_input(job, pattern, err)
    if status < 0 then
      local near = not pattern:find "[*?%[{]" and sources.similar(pattern)
      error(problem.of_c(status, ffi.string(err.text), near and ("did you mean %s?"):format(near)), 0)
    end
  end
  local stdin = table.concat(input, "\n") == "-"
  if stdin and values.resume then
    fail("standard input can not be read again", "--resume needs files; start again without it")
  end
  for _, pattern in ipairs(input) do
    if pattern == "-" and not stdin then
      fail("standard input (-) can not be mixed with files", "cat the files into dmhost, or name them all")
    end
  end
  local count = tonumber(C.dm_job_sort_inputs(job))
  if count == 0 then fail("there is no file in " .. table.concat(input, ", ")) end
  return count
end

local function set_plan(job, path, values, ops, pass)
  local names = {}
  for i, op in ipairs(ops) do names[i] = op.name end
  local plan = {
    pipeline = path,
    sources = sources.snapshot(),
    folders = values.ops or {},
    settings = values.set or {},
    sample = values.sample,
    limit = values.limit,
    profile = values.profile,
    pass = pass,
    binary = bit.tohex(C.dm_self_hash(), 16),
  }
  if job.engine ~= nil then
    local declared = sources.declared()
    if job.settings.replay == 1 then
      declared[#declared + 1] = bit.tohex(C.dm_file_hash(values.replay), 16) .. " " .. values.replay
    end
    if #declared > 0 then job.settings.files = keep(table.concat(declared, "\n")) end
  end
  job.settings.op_names = keep(table.concat(names, "\n"))
  job.settings.nops = #ops
  job.settings.plan = keep(json.encode(plan))
  return names, plan
end

---Which part of the plan differs from the one that the run was begun with.
local function changed_part(was, now)
  if was.binary ~= now.binary then return "dmhost itself" end
  if table.concat(was.settings, "\n") ~= table.concat(now.settings, "\n") then return "--set" end
  if was.sample ~= now.sample then return "--sample" end
  if was.limit ~= now.limit then return "--limit" end
  for i = 1, math.max(#was.sources, #now.sources) do
    local a, b = was.sources[i], now.sources[i]
    if not a or not b or a.path ~= b.path or a.text ~= b.text then return sources.file_of((b or a).path) end
  end
end

---Whether a run in this directory got as far as its first commit.
local function has_begun(folder)
  local file = io.open(folder .. "/journal", "rb")
  local begun_there = file ~= nil and file:seek "end" > 0
  if file then file:close() end
  return begun_there
end

---Whether the run in this directory has ended: its receipt says so.
local function is_done(folder)
  local receipt = folder_module.document(folder .. "/run.json")
  return receipt ~= nil and receipt.status == "done"
end

---The plan of the run in this directory.
local function plan_of(folder)
  return folder_module.own(folder, "plan.json", "start again with --force")
end

---A run is resumed only with the code that it was begun with.
local function check_resume(folder, plan)
  local was = plan_of(folder)
  local part = was and changed_part(was, plan)
  if part then
    fail(part .. " has changed since the run began", "undo the change to go on, or start again with --force")
  end
end

local function set_limits(job, p, values, pass)
  job.settings.row_bytes = p.limits.row_size
  job.settings.row_depth = p.limits.depth
  job.settings.memory_bytes = p.limits.memory
  job.settings.fail_on_error = p.on_error == "fail" and 1 or 0
  job.row_ms = p.limits.row_time
  job.split_bytes = p.split_size
  if not (p.passes and p.passes:input(pass)) then
    job.limit_rows = options.whole("run", values, "limit", 1) or 0
    job.settings.sampled = options.sampled(values)
  end
  job.resume = values.resume and 1 or 0
  job.force = values.force and 1 or 0
end

---Which file of models' replies is used, if any; only when an operator asks.
local function set_replies(job, values, ops)
  local given = (values.cache and 1 or 0) + (values.replay and 1 or 0) + (values["no-cache"] and 1 or 0)
  if given > 1 then fail("--cache, --replay and --no-cache exclude each other", options.see "run") end
  local asks = false
  for _, op in ipairs(ops) do asks = asks or op.llm ~= nil end
  if not asks or values["no-cache"] then return end
  job.settings.replay = values.replay and 1 or 0
  job.settings.replies = keep(values.cache or values.replay or require("dm.llm.cache").path() or "")
end

---How many workers there are, and what starts them.
---@return string? bound why there are not more of them
local function set_workers(job, p, values)
  if values.workers == "auto" then values.workers, p.workers = nil, nil end
  if engine.set(job, p, values, keep) then return nil end
  local n, bound = options.whole("run", values, "workers", 0) or p.workers, nil
  if not n then n, bound = workers.auto(p) end
  job.workers = n
  return bound
end

---How much models may be asked.
local function set_budget(job, values, ops)
  job.most_requests = options.whole("run", values, "max-requests", 1) or 0
  if values["max-cost"] then
    local cost, priced = tonumber(values["max-cost"]), false
    if not cost or not (cost > 0 and cost <= 1e9) then
      fail(('--max-cost is a number above 0, not "%s"'):format(values["max-cost"]), options.see "run")
    end
    for _, op in ipairs(ops) do priced = priced or op.price_in or op.price_out end
    if not priced then
      fail("--max-cost: no operator says what a request costs", "give it price_in and price_out, of a million tokens")
    end
    job.most_cost = math.max(1, math.floor(cost * 1e9 + 0.5))
  end
  job.settings.metered = (job.most_requests > 0 or job.most_cost > 0) and 1 or 0
end

local function set_progress(job, values)
  local format = values["log-format"] or "text"
  if format ~= "text" and format ~= "json" then
    fail(('--log-format is text or json, not "%s"'):format(format), options.see "run")
  end
  if values.quiet then return "quiet" end
  if format == "json" then
    job.progress = C.DM_PROGRESS_JSON
  else
    job.progress = C.dm_is_terminal(2) == 1 and C.DM_PROGRESS_BAR or C.DM_PROGRESS_LINES
  end
  return format
end

local function check_output(output, values, kind, folder)
  if kind == C.DM_TO_STDOUT and values.resume then
    fail("standard output can not be resumed", "write to a file or a folder with -o")
  end
  local taken = kind ~= C.DM_TO_STDOUT and C.dm_output_taken(output, kind)
  if taken == C.DM_OUTPUT_SPECIAL then
    fail(output .. " is not a regular file", "-o - writes to standard output, from where rows may go anywhere")
  end
  if taken == C.DM_OUTPUT_TAKEN and not values.force and not (values.resume and has_begun(folder)) then
    fail(output .. (kind == C.DM_TO_FILE and " exists" or " is not empty"),
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

---@param pass integer? of a task: before the run proper, up to its DuplicateFilesFilter of that number; of a pipeline
---that is cut into passes: which one
local function prepare(values, p, path, pass)
  local ops = p:make_operators(values.set or {})
  if p.task and p.task.see then p.task:see(ops) end
  if not pass and not p.task then
    cut(p, values, ops)
    pass = p.passes and 1
  end
  ops = pass_module.operators(p, ops, pass)
  local job = C.dm_job_get()
  local output, folder = set_output(job, p, values, pass)
  set_limits(job, p, values, pass)
  local rows = p.passes and p.passes:input(pass)
  local inputs = set_input(job, rows and { input = rows } or p, rows and {} or values)
  set_replies(job, values, ops)
  set_budget(job, values, ops)
  local bound = set_workers(job, p, values)
  local needed = job.engine == nil and p.resources
    or { cpus = tonumber(job.cpus), gpus = tonumber(job.gpus), memory = tonumber(job.memory) }
  local names, plan = set_plan(job, path, values, ops, pass)
  if values.resume and has_begun(folder) and not p.task then check_resume(folder, plan) end
  local stdin = ffi.string(C.dm_job_input(job, 0)) == "-"
  begun = {
    format = set_progress(job, values),
    names = names,
    binary = plan.binary,
    max_rejects = options.whole("run", values, "max-rejects", 0) or p.max_rejects,
    output = p.task and p.task.export or output,
    folder = folder,
    kind = tonumber(job.kind),
    workers = tonumber(job.workers),
    bound = bound,
    needed = needed,
    pipeline = path,
    replay = replay_command(values, path),
    inputs = rows and begun.inputs or inputs,
    resumable = job.kind ~= C.DM_TO_STDOUT and not stdin and (not rows or begun.resumable),
    passes = p.passes,
  }
  if values["dry-run"] then
    report.plan(begun, job)
    return 0
  end
  if p.task then
    begun.task, begun.pass = p.task, pass
    local function is_same(run) -- the run in that directory
      local was = not values.force and has_begun(run) and plan_of(run)
      return was and not changed_part(was, plan) or false
    end
    return p.task:ready(job, pass, is_same, is_done, function(next_pass) return prepare(values, p, path, next_pass) end)
  end
  local final = p.passes and output_of(p, values) or output
  local run = p.passes and p.passes.folder or folder
  check_output(final, values, KINDS[describe_output(final)], p.passes and p.passes:folder_of(1) or folder)
  if values.resume and is_done(run) then
    say(values, final .. " is complete already; nothing to resume")
    return folder_module.document(run .. "/run.json").exit_status or 0
  end
  if not p.passes then return C.DM_RUN_JOB end
  begun.pass = pass < p.passes.last and pass or nil
  return p.passes:ready(job, pass, is_done, function(next_pass) return prepare(values, p, path, next_pass) end)
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
  local status = start(values)
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
