-- What recorded tasks of DataMate left, and whether ours leave the same; what is recorded as a fault is told where the
-- expectation differs.
local assert = require "luassert"
local datamate = require "tests.datamate.support"

local M = {}

M.CASES = { "g3_segment", "g5_pii", "g6_filterfirst", "g9_all_failed", "g10_empty_process", "g11_empty_dataset",
  "g12_unknown_op" }

---Exit statuses, where they are not 0.
M.EXIT = { g11_empty_dataset = 1, g12_unknown_op = 1 }

---Chunks of Segmentation are numbered at random.
local function unnumbered(name)
  return (name:gsub("^(%x+%-%x+%-%x+%-%x+%-%x+)_%d+%.txt$", "%1_N.txt"))
end

local function sorted(list)
  table.sort(list)
  return list
end

local function recorded_files(list)
  local all = {}
  for i, file in ipairs(list) do
    local content = file.text or require("dm.bytes").from_base64(file.b64)
    all[i] = ("%s 0o%s %s"):format(unnumbered(file.path), file.mode:sub(3), content)
  end
  return sorted(all)
end

local function exported_files(task)
  local all = {}
  for path, file in pairs(task:files()) do
    all[#all + 1] = ("%s 0o%s %s"):format(unnumbered(path), file[2], file[1])
  end
  return sorted(all)
end

---A text without the folder that a task was moved to.
local function without(text, root)
  local from, to = text:find(root, 1, true)
  return from and to >= from and text:sub(1, from - 1) .. text:sub(to + 1) or text
end

local function line_of_result(r, root)
  local why = type(r.result) == "string" and require("cjson").decode(r.result) or r.result
  return table.concat({ r.src_file_id, r.src_name, r.dest_name, r.src_type, r.dest_type, r.src_size, r.dest_size,
    r.status, why.op_name or "", why.error_code or "", without(why.reason or "", root) }, " | ")
end

local function lines_of(list, line, ...)
  local all = {}
  for i, row in ipairs(list) do all[i] = line(row, ...) end
  return sorted(all)
end

local function line_of_file(r, root)
  return table.concat({ unnumbered(r.file_name), unnumbered(r.file_path:match "[^/]*$"),
    without(r.file_path:match "^(.*)/", root), r.file_type, r.file_size, r.status }, " | ")
end

---A Filter that fails on a file leaves no row in DataMate: the file is lost without a word. Here it has failed.
local FAULTS = {
  g6_filterfirst = function(tables)
    for _, lost in ipairs { { "eb3cb9b4-6d6f-50ee-973d-c72f992e43fc", "bad_utf8.txt", 21, "ops.0006",
      "UnicodeDecodeError\n错误原因: 'utf-8' codec can't decode byte 0xff in position 10: invalid start byte" },
      { "c5cd0598-a80e-577f-b1cd-ce5c9b4aba25", "missing.txt", 1234, "ops.0013",
        "FileNotFoundError\n错误原因: [Errno 2] No such file or directory: "
        .. "'/dataset/f7715c85-7b44-5c6d-aa8a-9c55cecafe5f/missing.txt'" } } do
      table.insert(tables.t_clean_result, { src_file_id = lost[1], src_name = lost[2], dest_name = lost[2],
        src_type = "txt", dest_type = "", src_size = lost[3], dest_size = 0, status = "FAILED", result = {
          op_name = "FileWithShortOrLongLengthFilter", error_code = lost[4], reason = "错误类型: " .. lost[5] } })
    end
    tables.t_clean_task[1].status = "PARTIAL_SUCCESS"
  end,
}

---Asserts that a task left what was recorded.
---@param task dm.TestTask
---@param case string
function M.check(task, case)
  local tables, files = datamate.recorded(case)
  if FAULTS[case] then FAULTS[case](tables) end
  assert.are.same(recorded_files(files), exported_files(task))
  assert.are.same(lines_of(tables.t_clean_result, line_of_result, ""),
    lines_of(task:results(), line_of_result, task.root))
  assert.are.same(lines_of(tables.t_dm_dataset_files, line_of_file, ""),
    lines_of(task:file_rows(), line_of_file, task.root))
  local want, set = tables.t_clean_task[1], tables.t_dm_datasets[1]
  assert.are.same({ want.status, want.after_size, set.size_bytes, set.file_count }, { task:ending() })
  local ids = {}
  for _, r in ipairs(task:results()) do ids[r.dest_file_id] = r.dest_name end
  for _, r in ipairs(task:file_rows()) do
    if r.file_type == "txt" then assert.are.equal(r.file_name, ids[r.id]) end
  end
end

return M
