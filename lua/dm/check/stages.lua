-- Rows from the beginning of the input, taken through the operators one after another: which fields they have at each
-- stage, how many are dropped and rejected, and why.
local ffi = require "ffi"
local feed = require "dm.trace.rows"
local guard = require "dm.check.guard"
local json = require "dm.json"
local handed = require "dm.handed"
local row_id = require "dm.row_id"
local sample = require "dm.sample"

local C = ffi.C
local M = {}

local ROWS, FILES, ROW_BYTES, DEPTH = 100, 10, 1024 * 1024, 8

---@class dm.Stage before an operator (number i stands before operator i)
---@field fields table<string, string> path, its steps joined by NUL -> kind: "object" or another
---@field rows integer

---What an operator did with the rows.
---@class dm.StageOutcome
---@field rows integer that it saw
---@field dropped integer
---@field rejected integer
---@field reasons table<string, integer> of what it rejected
---@field drops table<string, integer>
---@field first any the first error
---@field row string? FILE@OFFSET of the first row that it rejected
---@field removed table<string, boolean> paths that it took from a row that it let through
---@field skipped boolean? it was not run
---@field unsure boolean? one before it was not, so that fields may be missing for that reason

---@class dm.Stages
---@field rows integer in the sample
---@field bad { row: string, why: string }[] rows that are no samples
---@field before dm.Stage[]
---@field outcomes dm.StageOutcome[]

---The path of the input's file number i, from 1.
local function input_path(i)
  return ffi.string(C.dm_job_input(C.dm_job_get(), i - 1))
end

---The rows of some of the files, evenly spread.
local function read_rows(plan)
  local list, at = {}, 1
  local step = math.max(1, plan.inputs / FILES)
  local each = math.ceil(ROWS / math.max(1, math.min(plan.inputs, FILES)))
  while at <= plan.inputs do
    local path = input_path(math.floor(at))
    local rows = feed.file(path, { row_size = ROW_BYTES }, 0)
    for _ = 1, each do
      local row = rows()
      if not row then break end
      local name = row_id.of(path, row.offset)
      list[#list + 1] = { name = name, text = row.text:gsub("\r$", ""), why = row.reason }
    end
    at = at + step
  end
  return list
end

---Some of the files as rows themselves, evenly spread.
local function read_documents(plan)
  local list, err = {}, ffi.new "struct dm_error"
  local content = plan.documents == C.DM_FILE_AS_TEXT
  local step, at = math.max(1, plan.inputs / ROWS), 1
  while at <= plan.inputs do
    local path, out = input_path(math.floor(at)), C.dm_text_out()
    out.n = 0
    local status = C.dm_document_read(path, content and 1 or 0, ROW_BYTES, out, err)
    local why = status < 0 and ffi.string(err.text)
    list[#list + 1] = { name = path .. "@0", text = ffi.string(out.p, out.n), why = why }
    at = at + step
  end
  return list
end

---Samples of the rows; those that are none go to `bad`.
local function parse(rows)
  local list, bad = {}, {}
  for _, row in ipairs(rows) do
    local ok, node = pcall(sample.parse, row.text)
    if ok and row.text:find "^%s*%[" then ok, node = false, "an array, not an object" end
    if row.why then ok, node = false, row.why end
    if ok then
      list[#list + 1] = { s = handed.adopt(node), name = row.name }
    else
      bad[#bad + 1] = { row = row.name, why = node }
    end
  end
  return list, bad
end

local function walk(value, prefix, depth, fields)
  for k, v in pairs(value) do
    local path = prefix .. tostring(k)
    local is_object = type(v) == "table" and v[1] == nil
    fields[path] = (is_object or fields[path] == "object") and "object" or "value"
    if is_object and depth < DEPTH then walk(v, path .. "\0", depth + 1, fields) end
  end
  return fields
end

---Paths of all fields of a sample, those that are null too. What is read here is only looked at, so that cjson will do.
local function fields_of(s)
  local ok, value = pcall(function() return json.decode(tostring(sample.root(s))) end)
  return ok and walk(value, "", 1, {}) or {}
end

---@return dm.Stage
local function survey(rows)
  local fields = {}
  for _, row in ipairs(rows) do
    row.fields = fields_of(row.s)
    for path, kind in pairs(row.fields) do
      if kind == "object" or not fields[path] then fields[path] = kind end
    end
  end
  return { fields = fields, rows = #rows }
end

local function as_sample(v)
  if type(v) == "table" then v = sample.sample(v) end
  if not sample.is_node(v) then error("must return a sample or nothing, not a " .. type(v), 0) end
  return { s = handed.adopt(v) }
end

---What comes out of an operator for one row: rows, and why none does.
local RUN = {
  mapper = function(op, row)
    local result = op:execute(sample.root(row.s))
    if result == nil or result == sample.root(row.s) then return { row } end
    return { as_sample(result) }
  end,
  filter = function(op, row)
    local keep, reason = op:execute(sample.root(row.s))
    if keep then return { row } end
    return {}, reason == nil and "dropped" or tostring(reason)
  end,
  slicer = function(op, row)
    local list = op:slice(sample.root(row.s))
    for i, child in ipairs(list) do list[i] = as_sample(child) end
    return list, "made no samples"
  end,
}

local function count(reasons, reason)
  reasons[reason] = (reasons[reason] or 0) + 1
end

---Notes which fields a row had and what came of it has not.
local function note_removed(outcome, before, made)
  for _, row in ipairs(made) do
    local now = fields_of(row.s)
    for path in pairs(before) do
      if not now[path] then outcome.removed[path] = true end
    end
  end
end

local function run_row(entry, row, outcome, out)
  local before = row.fields
  local doing = { what = entry.name .. " on row " .. row.name, file = entry.at.file, line = entry.at.line }
  local ok, made, why = guard.call(doing, RUN[entry.op.kind], entry.op, row)
  C.dm_sample_seal(row.s)
  if not ok then
    outcome.rejected = outcome.rejected + 1
    outcome.first, outcome.row = outcome.first or made, outcome.row or row.name
    count(outcome.reasons, (guard.describe(made)))
    return
  end
  if #made == 0 then
    outcome.dropped = outcome.dropped + 1
    count(outcome.drops, why)
  end
  note_removed(outcome, before, made)
  for i, child in ipairs(made) do
    child.name = child.name or row.name .. "#" .. i
    out[#out + 1] = child
  end
end

local function new_outcome(rows)
  return { rows = #rows, dropped = 0, rejected = 0, reasons = {}, drops = {}, removed = {} }
end

---Whether the other rows will not fare better, and would take as long.
local function is_hopeless(e)
  local why = tostring(e)
  return why:find("still running after", 1, true) or why:find("not enough memory", 1, true)
end

---Runs one operator over the rows.
local function run_operator(entry, rows)
  local outcome, out = new_outcome(rows), {}
  if not entry.op or not RUN[entry.op.kind] or entry.op.waits then
    outcome.skipped = true
    return outcome, rows
  end
  for _, row in ipairs(rows) do
    run_row(entry, row, outcome, out)
    if outcome.first and is_hopeless(outcome.first) then break end
  end
  return outcome, out
end

---@param plan dm.CheckPlan
---@return dm.Stages
function M.run(plan)
  local rows, bad = parse(plan.documents and read_documents(plan) or read_rows(plan))
  local stages = { rows = #rows, bad = bad, before = { survey(rows) }, outcomes = {} }
  local unsure = false
  for i, entry in ipairs(plan.entries) do
    local out
    stages.outcomes[i], out = run_operator(entry, rows)
    stages.outcomes[i].unsure = unsure
    unsure = unsure or stages.outcomes[i].skipped
    rows = #out > 0 and out or rows -- where none is left, later operators are shown what this one was
    stages.before[i + 1] = survey(rows)
  end
  return stages
end

return M
