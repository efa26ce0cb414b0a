-- One operator's examples and the lines of its golden file, run in a process of their own.
--
-- A golden file, <operator>.golden.jsonl beside the operator, has a line for each case: {"input": {...}, "params":
-- {...}, "output": {...}}; instead of "output" a Slicer has "outputs", a row that does not come out "dropped": true or
-- "rejected": "reason". `dmhost try --save` writes such lines, `dmhost test --update` rewrites those that changed.
local child = require "dm.child"
local compare = require "dm.test.compare"
local ffi = require "ffi"
local json = require "dm.json"
local registry = require "dm.registry"
local sample = require "dm.sample"
local scripted = require "dm.llm.scripted"
local sources = require "dm.sources"

local C = ffi.C
local M = {}

---@class dm.TestOutcome as a line of a golden file has it
---@field output any?
---@field outputs any[]?
---@field dropped boolean?
---@field rejected string?

local function without_place(message)
  return (tostring(message):gsub("^[^\n:]+:%d+: ", ""))
end

local function run(op, node)
  if op.kind == "slicer" then return { outputs = op:slice(node) } end
  local result = op:execute(node)
  if op.kind == "filter" then return result and { output = node } or { dropped = true } end
  return { output = result == nil and node or result }
end

---What an operator makes of an input.
---@param class table
---@param case { params: table?, replies: string[]? }
---@param input ffi.cdata* a sample
---@return dm.TestOutcome
local function outcome_of(class, case, input)
  local ok, result = pcall(function()
    local op = class(case.params or {})
    if case.replies then op.llm = scripted(case.replies) end
    return run(op, input)
  end)
  return ok and result or { rejected = without_place(result) }
end

---An outcome as JSON text brings it back, so that both sides of a comparison have come the same way.
local function plain(outcome)
  if outcome.outputs then sample.array(outcome.outputs) end
  return json.decode(tostring(sample.sample(outcome)))
end

---Differences between two outcomes, for people.
local function differences(want, got)
  if got.rejected and not want.rejected then return "it was rejected: " .. got.rejected end
  if got.dropped and not want.dropped then return "it was dropped" end
  if want.dropped and not got.dropped then return "it was kept, not dropped" end
  return compare.differences(want, got)
end

---What an example expects, and what it got in the same form.
local function judge_example(class, example)
  local got = outcome_of(class, example, sample.sample(example.input))
  local want = { output = example.output, outputs = example.outputs }
  if example.keep ~= nil then
    want = example.keep and { output = true } or { dropped = true }
    if got.output then got = { output = true } end
  end
  return differences(plain(want), plain(got))
end

local function tell(test)
  child.tell { test = test }
end

---Runs one test and tells how it ended.
local function test(names, file, line, fn)
  child.tell { begun = names }
  local began = os.clock()
  local ok, wrong = xpcall(fn, function(e) return tostring(e) end)
  tell { names = names, file = file, line = line, message = wrong, seconds = os.clock() - began,
    status = not ok and "error" or wrong and "failure" or "success" }
end

local function run_examples(class, file)
  for i, example in ipairs(class.examples) do
    test({ class.name, "example " .. i }, file, nil, function() return judge_example(class, example) end)
  end
end

local EXPECTED = { "output", "outputs", "dropped", "rejected" }

---Puts what came out into a line of a golden file in place of what was expected.
local function updated(line, got)
  for _, key in ipairs(EXPECTED) do
    if got[key] == nil then line[key] = nil end
  end
  for _, key in ipairs(EXPECTED) do
    if got[key] ~= nil then line[key] = got[key] end
  end
  return tostring(line)
end

---@return string? wrong
---@return string? text the line with what came out
local function judge_line(class, text)
  local line = sample.parse(text)
  if not sample.is_node(line.input) then error('the line has no "input" object', 0) end
  local want = {}
  for _, key in ipairs(EXPECTED) do want[key] = line[key] end
  if next(want) == nil then error('the line has none of "output", "outputs", "dropped", "rejected"', 0) end
  want = plain(want)
  local got = outcome_of(class, { params = sample.totable(line.params), replies = sample.totable(line.replies) },
    sample.clone(line.input))
  return differences(want, plain(got)), updated(line, got)
end

local function lines_of(text)
  local list = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch "([^\n]*)\n" do list[#list + 1] = (line:gsub("\r$", "")) end
  return list
end

local function save(path, lines)
  local text, err = table.concat(lines, "\n") .. "\n", ffi.new "struct dm_error"
  if C.dm_export_write(path .. ".new", text, #text, err) < 0 then error(ffi.string(err.text), 0) end
  assert(os.rename(path .. ".new", path))
end

local function run_golden(class, path, update)
  local lines, changed = lines_of(assert(sources.read(path))), 0
  for i, text in ipairs(lines) do
    if text:find "%S" then
      test({ class.name, "golden line " .. i }, path, i, function()
        local wrong, now = judge_line(class, text)
        if not wrong or not update then return wrong end
        lines[i], changed = now, changed + 1
      end)
    end
  end
  if changed > 0 then save(path, lines) end
  child.tell { updated = changed }
end

---The class: of a file, or by the name that the registry knows.
local function load_class(name, path)
  if path == "" then return assert(registry.get(name)) end
  local chunk, why = sources.load(path)
  if not chunk then error(why, 0) end
  return registry.add(path, chunk(path))
end

---The child's side.
---@param words string[] name, path or "", path of the golden file or "", "update" or ""; folders with operators
---@return integer exit status
function M.inside(words)
  sources.install()
  for i = 5, #words do registry.add_folder(words[i]) end
  local name, path, golden = words[1], words[2], words[3]
  local file = path ~= "" and path or name
  local ok, class = xpcall(load_class, function(e) return tostring(e) end, name, path)
  if not ok then
    tell { names = { name }, file = file, status = "error", message = class, seconds = 0 }
    return 0
  end
  run_examples(class, file)
  if golden ~= "" then run_golden(class, golden, words[4] == "update") end
  if #class.examples == 0 and golden == "" then
    tell { names = { class.name }, file = file, status = "pending", message = "has no example", seconds = 0 }
  end
  return 0
end

return M
