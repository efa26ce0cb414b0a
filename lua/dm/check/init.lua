-- Everything that can be wrong before a run. A pipeline is loaded in a child (dm.child), looked at by one checker after
-- the other, and what they find is told to the process that asked: M.inside is the child's side, M.pipeline the other.
local ffi = require "ffi"
local child = require "dm.child"

local M = {}

---@class dm.Finding
---@field file string
---@field line integer
---@field col integer?
---@field severity "error"|"warning"
---@field message string
---@field op integer? which operator it is about; one about a field explains those about rows
---@field checker string? which one found it

---The checkers: each a function of a dm.CheckPlan that returns a list of findings. Those that want to know what
---becomes of rows come last, since a row may end the process.
local CHECKERS = { "loading", "recipe", "keys", "operators", "resources", "files", "globals", "patterns" }
local ROW_CHECKERS = { "fields", "rows" }

---Milliseconds that a pipeline may take in all. One piece of code of the user is stopped earlier, by dm.check.guard.
local LIMIT = 60000

---Bytes that it may take, as a worker may.
local MEMORY = 2 ^ 31

local function run(plan, checkers)
  for _, name in ipairs(checkers) do
    child.tell { doing = { what = "checking " .. name, file = plan.path, line = 1 } }
    for _, finding in ipairs(require("dm.check." .. name)(plan)) do
      finding.checker = name
      child.tell { finding = finding }
    end
  end
end

---@param words string[] the pipeline's path; then "ops", "input", "set" or "output" with a value each
---@return integer exit status
function M.inside(words)
  jit.off()
  ffi.C.dm_child_limit_memory(MEMORY)
  local options = {}
  for i = 2, #words, 2 do
    local name, value = words[i], words[i + 1]
    if name == "output" then
      options.output = value
    else
      options[name] = options[name] or {}
      table.insert(options[name], value)
    end
  end
  local plan = require("dm.check.plan").load(words[1], options)
  run(plan, CHECKERS)
  plan:run_rows()
  run(plan, ROW_CHECKERS)
  child.tell { rows = plan.stages.rows }
  return 0
end

---What a child that did not come to its end was at.
local function lost(ended, doing, path)
  local why = child.killed(ended, LIMIT / 1000)
    or "ended the process: " .. (ended.err:match "^[^\n]+" or "exit status " .. ended.status)
  return { file = doing.file or path, line = doing.line or 1, col = doing.col, severity = "error",
    message = (doing.what or "the check") .. " " .. why }
end

---Without what an operator does to rows where a missing field explains it.
local function without_consequences(list)
  local explained, kept = {}, {}
  for _, finding in ipairs(list) do
    if finding.op and finding.checker == "fields" then explained[finding.op] = true end
  end
  for _, finding in ipairs(list) do
    if finding.checker ~= "rows" or not explained[finding.op] then kept[#kept + 1] = finding end
    finding.op, finding.checker = nil, nil
  end
  return kept
end

local function by_place(a, b)
  if a.file ~= b.file then return a.file < b.file end
  if a.line ~= b.line then return a.line < b.line end
  if (a.col or 0) ~= (b.col or 0) then return (a.col or 0) < (b.col or 0) end
  return a.message < b.message
end

local function words_of(path, options)
  local words = { path }
  for _, name in ipairs { "ops", "input", "set" } do
    for _, value in ipairs(options[name] or {}) do
      words[#words + 1], words[#words + 2] = name, value
    end
  end
  if options.output then words[#words + 1], words[#words + 2] = "output", options.output end
  return words
end

---All findings about a pipeline, by place.
---@param path string
---@param options { ops: string[]?, input: string[]?, set: string[]?, output: string? }
---@return dm.Finding[]
---@return integer? rows of the input that were tried
---@return string? what a worker needs, when operators say so
function M.pipeline(path, options)
  local ended = child.run("dm.check", "inside", words_of(path, options), LIMIT)
  local list, doing, rows, needed = {}, {}, nil, nil
  for _, told in ipairs(ended.told) do
    if told.finding then list[#list + 1] = told.finding end
    doing, rows, needed = told.doing or doing, told.rows or rows, told.needed or needed
  end
  if not rows then list[#list + 1] = lost(ended, doing, path) end
  list = without_consequences(list)
  table.sort(list, by_place)
  return list, rows, needed
end

return M
