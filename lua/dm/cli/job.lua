-- The coordinator's job, struct dm_job: what a pipeline and the options of `dmhost run` ask for, in C's words.
local ffi = require "ffi"
local engine = require "dm.cli.engine"
local files = require "dm.files"
local json = require "dm.json"
local mixture = require "dm.mixture"
local options = require "dm.cli.options"
local pass_module = require "dm.run.pass"
local problem = require "dm.problem"
local sources = require "dm.sources"
local workers = require "dm.machine.workers"

local C = ffi.C
local M = {}

-- Texts that C borrows until the run has ended.
local kept = {}

local function keep(text)
  kept[#kept + 1] = text
  return text
end

---Raises an error; what to do next comes second.
local function fail(what, next_step)
  problem.raise(what, { next = next_step })
end

---What C calls the kinds of output.
M.KINDS = { file = C.DM_TO_FILE, folder = C.DM_TO_FOLDER, each = C.DM_TO_EACH, stdout = C.DM_TO_STDOUT }

---Where rows go.
---@param output string file, folder, "folder/{file}" or "-"
---@return "file"|"folder"|"each"|"stdout" kind
---@return string folder the run directory
---@return string name of the files in it, or their ending
function M.describe_output(output)
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

---What the pipeline, or the user, calls the output. Raises when neither does.
---@param p dm.Pipeline
---@param values table options of the command line
---@return string
function M.output_of(p, values)
  local output = values.output or p.output
  if type(output) ~= "string" or output == "" then
    fail("the pipeline has no output", '`output = "clean.jsonl"` in the pipeline, or -o PATH; - is standard output')
  end
  return output
end

local function set_output(job, p, values, pass)
  local rows = pass_module.output(p, pass)
  local output = rows or M.output_of(p, values)
  local kind, folder, name = M.describe_output(output)
  if p.task or rows then
    folder = output:match "^(.*)/"
  elseif p.passes then
    folder = p.passes.folder
  end
  if kind == "folder" then output = output:gsub("(.)/+$", "%1") end
  job.kind = M.KINDS[kind]
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
  local count = tonumber(C.dm_job_sort_inputs(job, err))
  if count < 0 then error(problem.of_c(count, ffi.string(err.text)), 0) end
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

local function set_limits(job, p, values, pass)
  job.settings.row_bytes = p.limits.row_size
  job.settings.row_depth = p.limits.depth
  job.settings.memory_bytes = p.limits.memory
  job.settings.fail_on_error = p.on_error == "fail" and 1 or 0
  job.row_ms = p.limits.row_time
  job.split_bytes = p.split_size
  if not pass_module.input(p, pass) then
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

---@class dm.Job what was entered into the coordinator's job, for people and for the receipt
---@field output string file, folder or "-"
---@field folder string run directory
---@field kind integer DM_TO_
---@field names string[] of the operators
---@field plan table what workers are told, as in plan.json
---@field inputs integer files
---@field stdin boolean the input is standard input
---@field workers integer
---@field bound string? why there are not more of them
---@field needed { cpus: number, gpus: number, memory: number } what each is to have
---@field format "text"|"json"|"quiet" of progress and summary

---Enters a pipeline, or a pass of it, into the coordinator's job.
---@param job ffi.cdata* struct dm_job *
---@param p dm.Pipeline
---@param values table options of the command line
---@param ops dm.BaseOp[] of the pass
---@param path string of the pipeline
---@param pass integer?
---@return dm.Job
function M.fill(job, p, values, ops, path, pass)
  local filled = {}
  filled.output, filled.folder = set_output(job, p, values, pass)
  set_limits(job, p, values, pass)
  local rows = pass_module.input(p, pass)
  filled.inputs = set_input(job, rows and { input = rows } or p, rows and {} or values)
  set_replies(job, values, ops)
  set_budget(job, values, ops)
  filled.bound = set_workers(job, p, values)
  filled.needed = job.engine == nil and p.resources
    or { cpus = tonumber(job.cpus), gpus = tonumber(job.gpus), memory = tonumber(job.memory) }
  filled.names, filled.plan = set_plan(job, path, values, ops, pass)
  filled.format = set_progress(job, values)
  filled.kind, filled.workers = tonumber(job.kind), tonumber(job.workers)
  filled.stdin = ffi.string(C.dm_job_input(job, 0)) == "-"
  return filled
end

return M
