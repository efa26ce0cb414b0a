-- The door of a worker that traces: answers the requests of a session (lua/dm/trace/client.lua), each a table.
local ffi = require "ffi"
local buffer = require "string.buffer"
local depends = require "dm.trace.depends"
local fault = require "dm.trace.fault"
local files = require "dm.files"
local load = require "dm.trace.load"
local mixture = require "dm.mixture"
local raised = require "dm.raised"
local registry = require "dm.registry"
local row_id = require "dm.row_id"
local sample_module = require "dm.sample"
local sources = require "dm.sources"
local steps = require "dm.trace.steps"
local worker = require "dm.run.worker"

local C = ffi.C
local M = {}

local trace, forget_seed ---@type ffi.cdata*, fun()
local loaded ---@type dm.Loaded?
local known = 0 -- files that the session knows to have been read
local err = ffi.new "struct dm_error"

local function describe(op)
  local class = getmetatable(op)
  return { name = op.name, kind = op.kind, path = registry.path(class), params = loaded.params[op] }
end

local function example_inputs(op)
  local list = {}
  for _, example in ipairs(op.examples or {}) do list[#list + 1] = sample_module.json(example.input) end
  return list
end

---What the session must know of what was loaded.
local function summary(made)
  local p, ops, texts = loaded.pipeline, {}, sources.snapshot()
  known = #texts
  for i, op in ipairs(loaded.ops) do ops[i] = describe(op) end
  local input = type(p.input) == "string" and { p.input } or p.input
  if mixture.is(input) then input = input:paths() end
  if files.is(input) then input = { files = true, roots = input.roots, content = input.content } end
  return { ops = ops, made = made, single = loaded.single, input = input, limits = p.limits,
    files = depends.files(), sources = texts,
    examples = loaded.single and example_inputs(loaded.ops[1]) or {} }
end

local function answer_load(request)
  local result, made = load.load(request.spec, request.changed or {})
  if not result then
    made.path = made.at == nil and request.spec.target or nil
    return { fault = made, files = depends.files() }
  end
  loaded = result
  return summary(made)
end

---The function of --where, which answers for a sample.
local function compile_where(text)
  local chunk, why = loadstring("local sample = ...; return " .. text, "=--where")
  if not chunk then return nil, why end
  return chunk
end

---Whether a row is asked for.
local function matches(where, failures)
  if not where then return true end
  local ok, answer = pcall(where, sample_module.root(trace.sample))
  if not ok then failures[#failures + 1] = tostring(answer) end
  return ok and answer
end

local function at_operator(op)
  depends.at(registry.path(getmetatable(op)))
end

---What became of a row that no operator gets to see.
local function refused(id, row, reason)
  return { row = id, outcome = "rejected", op = 0, reason = reason, text = row.text, steps = {}, hash = 0 }
end

local function trace_row(request, row, where, failures)
  local id = row_id.of(request.name, row.offset)
  if row.reason then return not where and refused(id, row, row.reason) or nil end
  if C.dm_trace_row(trace, row.text, #row.text, request.name, row.offset, err) < 0 then
    return not where and refused(id, row, ffi.string(err.text)) or nil
  end
  forget_seed()
  C.dm_trace_at(trace, trace.sample, C.DM_AT_WHERE, 0)
  if not matches(where, failures) then return nil end
  local walk = { ops = loaded.ops, trace = trace, full = request.full, save = request.save, touched = {},
    at = at_operator }
  local record = steps.follow(walk, id)
  record.touched = {}
  for i in pairs(walk.touched) do table.insert(record.touched, i) end
  return record
end

---One line for a record, for who wants to know of many rows what became of them.
local function digest(record)
  return ("%s %d %.0f %s"):format(record.outcome, record.op or -1, record.hash or 0,
    table.concat(record.touched or {}, ","))
end

---What operators have read since loading, if anything: `require` within execute, lists that are made when first needed.
local function read_since()
  local list = sources.snapshot()
  if #list == known then return nil end
  known = #list
  return { files = depends.files(), sources = list }
end

---Rows through the operators: full records, or with `full` false a digest of each.
local function answer_rows(request)
  local where, why
  if request.where then
    where, why = compile_where(request.where)
    if not where then return { where_fault = why } end
  end
  local records, failures, at = {}, {}, {}
  for _, row in ipairs(request.rows) do
    local record = trace_row(request, row, where, failures)
    if record then
      records[#records + 1] = request.full and record or digest(record)
      at[#at + 1] = row.number
      if #records == request.most then break end
    end
  end
  C.dm_trace_rest(trace)
  depends.at(nil)
  return { records = records, at = at, failures = #failures, failure = failures[1], read = read_since() }
end

---CPU seconds after which what runs in a probe is asked where it is.
local PROBE = 0.2

---Has what runs too long raise, so that its line is known. Hooks do not stop compiled code, so that none is compiled.
local function begin_probe()
  local deadline = os.clock() + PROBE
  jit.off()
  jit.flush()
  debug.sethook(function()
    if os.clock() <= deadline then return end
    debug.sethook() -- once
    error("took too long", 2)
  end, "", 1000)
end

local ANSWERS = { load = answer_load, rows = answer_rows }

---Answers a request.
---@param pointer lightuserdata struct dm_trace *
---@return integer status: less than zero when this worker can not go on
function M.handle(pointer)
  if not trace then
    trace = ffi.cast("struct dm_trace *", pointer)
    forget_seed = worker.seed_by_row(trace)
    io.stdout:setvbuf "line" -- what was printed before a worker is killed is seen
  end
  local request = buffer.decode(ffi.string(trace.request, trace.request_bytes))
  if request.probe then begin_probe() end
  local ok, answer = xpcall(ANSWERS[request.ask], fault.handler, request)
  debug.sethook()
  if not ok then
    answer = fault.of(answer)
    if raised.is_memory(answer.full) then return C.DM_EMEMORY end
    error(answer.full .. "\n" .. (answer.traceback or ""), 0)
  end
  local text = buffer.encode(answer)
  return C.dm_json_add(trace.reply, text, #text, err)
end

return M
