-- Golden tests of rows that were traced: a line of OPERATOR.golden.jsonl beside the operator's file, as `dmhost test`
-- runs them: {"input", "params", and "output", "outputs", "dropped" or "rejected"}.
local disk = require "dm.disk"
local json = require "dm.trace.json"
local problem = require "dm.problem"

local M = {}

---Whether an operator has a file of its own, beside which a golden file may stand.
local function is_own(op)
  return op.path ~= nil and disk.read(op.path) ~= nil
end

---Refuses when none of the operators can have golden tests.
---@param ops table[] of the client's info
function M.check(ops)
  for _, op in ipairs(ops) do
    if is_own(op) then return end
  end
  problem.raise("--save makes tests of operators that have a file of yours; here all are built in or inline",
    { next = "`dmhost new mapper NAME` makes one" })
end

---ops/user/shout/process.lua and ops/user/shout.lua both have shout.golden.jsonl beside them.
---@param path string of the operator
---@return string
function M.path(path)
  local folder, name = path:match "^(.*/)([^/]+)/process%.lua$"
  if name then return folder .. name .. "/" .. name .. ".golden.jsonl" end
  return (path:gsub("%.lua$", "")) .. ".golden.jsonl"
end

---The line of one step, or nil for a worker's end, which no test can have.
local function line_of(step, op)
  local outcome
  if step.outcome == "sliced" then
    outcome = { "outputs", "[" .. table.concat(step.outputs, ",") .. "]" }
  elseif step.outcome == "dropped" then
    outcome = op.kind == "slicer" and { "outputs", "[]" } or { "dropped", "true" }
  elseif step.outcome == "rejected" then
    outcome = { "rejected", json.value(step.reason:gsub("^[^\n:]+:%d+: ", "")) }
  else
    outcome = { "output", step.output }
  end
  if not step.input or not outcome[2] then return nil end
  local params = op.params and op.params ~= "{}" and op.params or nil
  return json.object { { "input", step.input }, { "params", params }, outcome }
end

---Adds a line to a file unless it is there. Returns how many were added.
local function add(path, line)
  if ("\n" .. (disk.read(path) or "")):find("\n" .. line .. "\n", 1, true) then return 0 end
  local file, why = io.open(path, "ab")
  if not file then error("--save: " .. why, 0) end
  if not (file:write(line, "\n") and file:close()) then error("--save: cannot write " .. path, 0) end
  return 1
end

---Saves what operators of the user's did to a row.
---@param record dm.Record
---@param ops table[]
---@return integer lines that were added
function M.save(record, ops)
  local n = 0
  for _, step in ipairs(record.steps) do
    local op = ops[step.op]
    local line = is_own(op) and line_of(step, op)
    if line then n = n + add(M.path(op.path), line) end
  end
  for _, child in ipairs(record.children or {}) do n = n + M.save(child, ops) end
  return n
end

return M
