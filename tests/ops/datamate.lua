-- Runs DataMate's recorded answers (tests/ops/vectors/datamate) through the operators, on plain tables.
local cases = require "tests.datamate.cases"
local cjson = require "cjson"
local dm = require "dm"
local ffi = require "ffi"
local http = require "dm.http"
local failure = require "dm.datamate.failure"
local jieba = require "dm.text.jieba"
local json = require "dm.json"
local registry = require "dm.registry"
local text = require "dm.text"
local bytes = require "dm.bytes"
local docx = require "tests.ops.docx"
local t = require "tests.support"

local M = {}

M.VECTORS = "tests/ops/vectors/datamate/"

---Keys of the recorded samples that the vectors leave out.
local SAMPLE = { fileName = "sample.txt", fileType = "txt", fileId = "f1", filePath = "/data/sample.txt",
  instance_id = "task-1", data = "" }

---Cases that differ, and why: operator -> line -> reason.
M.EXCEPTIONS = require("tests.ops.exceptions").datamate

---The cases of a file.
---@param name string
---@return table[]
function M.cases(name)
  local list = {}
  for line in io.lines(M.VECTORS .. name .. ".jsonl") do list[#list + 1] = json.decode(line) end
  assert(#list > 0, name .. " has no cases")
  return list
end

---JSON's null as dm.null, at any depth.
local function with_null(v)
  if v == cjson.null then return dm.null end
  if type(v) ~= "table" then return v end
  local copy = {}
  for k, x in pairs(v) do copy[k] = with_null(x) end
  return copy
end

local function sample_of(input)
  local sample = {}
  for k, v in pairs(SAMPLE) do sample[k] = v end
  for k, v in pairs(input) do sample[k] = v end
  return sample
end

---Writes the word lists that a case brings and names them to the operator.
local function add_resources(params, resources)
  if not resources then return end
  local folder, names = t.scratch(), {}
  for name in pairs(resources) do names[#names + 1] = name end
  table.sort(names)
  params.wordFiles = {}
  for i, name in ipairs(names) do params.wordFiles[i] = t.write(folder .. "/" .. name, resources[name]) end
end

local function is_expected(e, expected)
  if not failure.is(e) then return false, tostring(e) end
  return e.type == expected.type and e.code == expected.code and e.message == expected.message, tostring(e)
end

local function same_list(a, b)
  if #a ~= #b then return false, ("%d for %d"):format(#a, #b) end
  for i = 1, #a do
    if a[i] ~= b[i] then return false, ("%d: %s"):format(i, a[i]) end
  end
  return true
end

---The names and contents of a folder's files, both sorted.
local function folder_contents(folder)
  local names, contents = {}, {}
  for i, path in ipairs(t.lines(select(2, t.shell("ls " .. t.quote(folder))))) do
    names[i], contents[i] = path, t.read(folder .. "/" .. path)
  end
  table.sort(contents)
  return names, contents
end

local function among(list, all)
  local known = {}
  for _, v in ipairs(all) do known[v] = true end
  for _, v in ipairs(list) do
    if not known[v] then return false, v end
  end
  return true
end

---Compares the files that Segmentation wrote; which chunk is in which file is random.
local function same_files(output, sample)
  local names, contents = folder_contents(sample.export_path)
  if table.concat(names, " ") ~= table.concat(output.file_names, " ") then return false, table.concat(names, " ") end
  if sample.fileNum ~= output.fileNum then return false, "fileNum = " .. tostring(sample.fileNum) end
  if output.candidate_chunks then return among(contents, output.candidate_chunks) end
  return same_list(contents, output.file_contents_sorted)
end

---Compares the document of Word that TextToWord made.
local function same_body(output, sample)
  local body = docx.read(bytes.from_base64(sample.data))
  if sample.target_type ~= output.target_type then return false, "target_type" end
  return json.encode(body) == json.encode(output.body), json.encode(body)
end

local function same(output, sample, keep)
  if output.text ~= nil and sample.text ~= output.text then return false, sample.text end
  if output.file_names then return same_files(output, sample) end
  if output.body then return same_body(output, sample) end
  if output.keep ~= nil and keep ~= output.keep then return false, "keep = " .. tostring(keep) end
  return true
end

---How DataMate's recorded answers of a model reach us: text, a whole reply, or a failure.
local function reply_of(answer)
  local ended = { outcome = ffi.C.DM_HTTP_DONE, status = 200, head = "", error = "", total_ms = 1 }
  if answer == "!conn" then
    ended.outcome, ended.error = ffi.C.DM_HTTP_BROKEN, "connection reset"
  elseif answer == "!json" then
    ended.body = "<html>"
  elseif type(answer) == "table" then
    ended.body = json.encode(answer)
  else
    ended.body = json.encode { choices = { { message = { content = answer } } } }
  end
  return ended
end

---Runs `run` while requests get these answers in turn, the last one over and over.
---@return table[] bodies of the requests; then as pcall
local function with_answers(answers, run)
  local send, bodies = http.send, {}
  function http.send(_, body)
    bodies[#bodies + 1] = json.decode(body)
    return reply_of(answers[math.min(#bodies, #answers)])
  end
  local ok, result = pcall(run)
  http.send = send
  return bodies, ok, result
end

local function same_requests(wanted, got)
  if type(wanted) ~= "table" then return true end -- not recorded
  if #wanted ~= #got then return false, ("%d requests for %d"):format(#got, #wanted) end
  for i, request in ipairs(wanted) do
    if request.messages[1].content ~= got[i].messages[1].content then return false, got[i].messages[1].content end
  end
  return true
end

---Runs a case with a model that gives recorded answers.
local function model_case(class, case)
  local params, sample = with_null(case.params), sample_of(case.input)
  params.retries = 0 -- DataMate has none
  sample.export_path, sample.fileId = t.scratch(), "fid"
  local bodies, ok, result = with_answers(case.llm_replies, function()
    return class(params):execute(sample)
  end)
  local output = case.output
  if not ok then
    if not output.error then return false, tostring(result) end
    return is_expected(result, output.error)
  end
  if sample.text ~= output.text then return false, sample.text end
  if t.read(sample.export_path .. "/fid.jsonl") ~= output.files["fid.jsonl"] then
    return false, t.read(sample.export_path .. "/fid.jsonl")
  end
  return same_requests(case.llm_requests, bodies)
end

---Runs a case; a filter that raises keeps nothing.
local function operator_case(class, case)
  if case.llm_replies then return model_case(class, case) end
  local params, sample = with_null(case.params), sample_of(case.input)
  add_resources(params, case.resources)
  if case.op == "Segmentation" then sample.export_path = t.scratch() end
  local ok, result = pcall(function() return class(params):execute(sample) end)
  local output = case.output
  if not ok then
    if not output.error then return false, tostring(result) end
    return is_expected(result, output.error)
  end
  if output.error then return false, "no error" end
  return same(output, sample, result)
end

---Without what occurs twice, sorted.
local function distinct(list)
  local seen, sorted = {}, {}
  for _, v in ipairs(list) do
    if not seen[v] then sorted[#sorted + 1] = v end
    seen[v] = true
  end
  table.sort(sorted)
  return sorted
end

---Whether a check that raises confirms a case.
local function raising(check)
  return function(case)
    local ok, why = pcall(check, case)
    return ok, why
  end
end

---What is not an operator on one sample, each with a function that runs one case.
M.HELPERS = {
  DuplicateFilesFilter = raising(cases.twins),
  _FileExporter = raising(cases.file_exporter),
  _MinHash = raising(cases.minhash),
  _e2e = raising(cases.task),
  _read_file = raising(cases.read_file),
  _AhoCorasick = function(case)
    local found = text.matcher(case.params.words, case.params.special):search(case.input.text)
    return same_list(distinct(found), case.output.matches_sorted)
  end,
  _jieba = function(case)
    return same_list(jieba.load(jieba.FOLDER.default):cut(case.input.text), case.output.words)
  end,
  _TextSplitter = function(case)
    local ok, splitter = pcall(text.splitter, case.params)
    if case.output.error then return not ok, "no error" end
    return same_list(splitter:split(case.input.text), case.output.chunks)
  end,
}

---Whether there is an operator or a verb to run a file of vectors with.
---@param name string
---@return boolean
function M.has(name)
  return M.HELPERS[name] ~= nil or registry.get(name) ~= nil
end

---The operators that are DataMate's, but for those of the text splitter's vectors.
---@return string[] names
function M.operators()
  local list = {}
  for _, name in ipairs(registry.builtin_names()) do
    if name:find "^%u" then list[#list + 1] = name end
  end
  return list
end

---Counts the cases of one file that `check` confirms.
---@param name string
---@param check fun(case: table): boolean, string?
function M.count(name, check)
  local row = { operator = name, passed = 0, total = 0, excused = 0, faults = {} }
  for i, case in ipairs(M.cases(name)) do
    local good, got = check(case)
    row.total = row.total + 1
    if good then
      row.passed = row.passed + 1
    elseif (M.EXCEPTIONS[name] or {})[i] then
      row.excused = row.excused + 1
    else
      table.insert(row.faults, ("line %d gave %q"):format(i, tostring(got)))
    end
  end
  local exceptions = 0
  for _ in pairs(M.EXCEPTIONS[name] or {}) do exceptions = exceptions + 1 end
  if exceptions ~= row.excused then table.insert(row.faults, "an exception passes, or is no case") end
  return row
end

---What one file of vectors gave.
---@param name string
---@return { operator: string, passed: integer, total: integer, excused: integer, faults: string[] }
function M.row(name)
  local class = registry.get(name)
  local row = M.count(name, M.HELPERS[name] or function(case) return operator_case(class, case) end)
  t.clean()
  return row
end

return M
