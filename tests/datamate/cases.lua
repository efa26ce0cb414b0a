-- Cases recorded of DataMate that are not one operator on one sample: files that it reads and exports, signatures of
-- texts, twins, small tasks. Each function raises when ours does not give what was recorded.
local assert = require "luassert"
local bytes = require "dm.bytes"
local cjson = require "cjson"
local datamate = require "tests.datamate.support"
local FileExporter = require "dm.datamate.exporter"
local ReadFile = require "dm.datamate.read_file"
local failure = require "dm.datamate.failure"
local ffi = require "ffi"
local t = require "tests.support"

local M = {}

---The same text of the same bytes, or the same error.
---@param case table
function M.read_file(case)
  local path = t.scratch() .. "/file"
  t.write(path, bytes.from_base64(case.input.bytes_b64))
  local ok, got = pcall(ReadFile.read, {}, path, case.params.fileType)
  local expected = case.output.error
  if not expected then return assert.same(case.output.text, got) end
  assert.is_true(not ok and failure.is(got), tostring(got))
  assert.equal(expected.type, got.type)
end

---The same name, type and content of a file. Numbers that keep names apart come when the run commits.
---@param case table
---@param ours { [1]: string, [2]: string }? name and content that we give instead
function M.file_exporter(case, ours)
  local staging, input = t.scratch(), case.input
  local sample = { text = input.text, data = input.data.b64, fileName = input.fileName, fileType = input.fileType,
    target_type = input.target_type, filePath = input.filePath }
  local op = FileExporter:new { staging = staging }
  op:init()
  local kept = op:execute(sample)
  local wanted, content = unpack(ours or {})
  for name, body in pairs(case.output.files_b64) do
    if not case.existing[name] then wanted, content = name:gsub("_%d(%.txt)$", "%1"), bytes.from_base64(body) end
  end
  assert.equal(wanted ~= nil, kept)
  if not wanted then return end
  assert.same({ wanted, wanted:match "[^.]*$", tostring(#content) },
    { sample.fileName, sample.fileType, sample.fileSize })
  assert.equal(content, t.read(staging .. "/" .. sample.staged))
end

---The MinHash that datasketch takes.
---@param case table
function M.minhash(case)
  local signature = ffi.new "uint32_t[128]"
  ffi.C.dm_minhash_sentences(case.input.text, #case.input.text, signature, ffi.new "struct dm_error")
  for i, want in ipairs(case.output.hashvalues) do assert.equal(want, tonumber(signature[i - 1])) end
end

---The files that DataMate drops as twins of earlier ones, dropped by a task.
---@param case table
function M.twins(case)
  local files, want = {}, {}
  for i, step in ipairs(case.sequence) do
    local name = ("%d.txt"):format(i)
    files[i] = { name, step.input.text }
    if step.output.keep then want[name] = true end
  end
  local task = datamate.task(datamate.sqlite, { files = files,
    process = "- DuplicateFilesFilter: " .. (next(case.params) and cjson.encode(case.params) or "{}") })
  assert.equal(0, (task:run()))
  local got = {}
  for path in pairs(task:files()) do got[path] = true end
  assert.same(want, got)
  assert.equal(#files, #task:results())
end

---Documents of Word differ in their bytes: ours have no styles.
local function size_of(name, size)
  return name:find "docx$" and "any" or tostring(size)
end

local function lines_of(list, line)
  local all = {}
  for i, row in ipairs(list) do all[i] = line(row) end
  table.sort(all)
  return all
end

local function result_line(r)
  local why = r.result_parsed or r.result
  if type(why) == "string" then why = cjson.decode(why) end
  return table.concat({ r.src_file_id, r.src_name, r.dest_name, r.src_type, r.dest_type, r.src_size,
    size_of(r.dest_name, r.dest_size), r.status, why.op_name or "", why.error_code or "" }, " | ")
end

local function file_line(r)
  return table.concat({ r.file_name, r.file_type, size_of(r.file_name, r.file_size) }, " | ")
end

---The task of a scenario.
local function task_of(case)
  local files = {}
  for i, file in ipairs(case.files) do files[i] = { file[1], file[2] ~= cjson.null and file[2] or nil } end
  local task = datamate.task(datamate.sqlite, { files = files, process = "" })
  local rows = {}
  for i, row in ipairs(t.json_lines(task.flow .. "/dataset.jsonl")) do
    row.fileId = ("file-%02d"):format(i - 1)
    for key in pairs(case.meta_override[row.fileName] or {}) do row[key] = nil end
    rows[i] = cjson.encode(row) .. "\n"
  end
  t.write(task.flow .. "/dataset.jsonl", table.concat(rows))
  local process = t.read(task.flow .. "/process.yaml"):gsub("process:.*", "")
  t.write(task.flow .. "/process.yaml", process .. "process: " .. cjson.encode(case.process):gsub("^{}$", "[]") .. "\n")
  if next(case.existing_export) then t.shell("mkdir " .. task.dest) end
  for name, text in pairs(case.existing_export) do t.write(task.dest .. "/" .. name, text) end
  return task
end

---What DataMate's executor, exporter and persistence made of a small task.
---@param case table
function M.task(case)
  local task, want = task_of(case), case.output
  assert.equal(want.crashed == cjson.null and 0 or 1, (task:run()))
  local got = {}
  for path, file in pairs(task:files()) do got[path] = path:find "docx$" and "<docx PK>" or file[1] end
  assert.same(want.export, got)
  assert.same(lines_of(want.db.t_clean_result, result_line), lines_of(task:results(), result_line))
  assert.same(lines_of(want.db.t_dm_dataset_files, file_line), lines_of(task:file_rows(), file_line))
  local status, after = task:ending()
  assert.equal(want.db.t_clean_task[1].status, status)
  if not next(want.export) or not next(want.export):find "docx$" then
    assert.equal(want.db.t_clean_task[1].after_size, after)
  end
end

return M
