-- What specs of DataMate's tasks share: task folders, the two stores, and a PostgreSQL server of their own.
local cjson = require "cjson"
local ffi = require "ffi"
local t = require "tests.support"

local C = ffi.C

local M = {}

local CASES = "tests/datamate/cases/"

-- Stores -----------------------------------------------------------------------------------------------

---@class dm.TestStore
---@field name string
---@field why string? why it can not be had
---@field env string assignments for the shell
---@field open fun(flow: string): string?, string? connection string, file
local Store = {}
Store.__index = Store

local NO_SERVER = "env -u PG_HOST -u PG_PORT -u PG_USER -u PG_PASSWORD -u PG_DATABASE"

M.sqlite = setmetatable({ name = "SQLite", env = NO_SERVER,
  open = function(flow) return nil, flow .. "/datamate.sqlite" end }, Store)

local err = ffi.new "struct dm_error"

---Runs a statement in a task's tables.
---@param flow string the task's folder
---@param sql string
---@return (string|nil)[][] rows
function Store:query(flow, sql)
  local out = ffi.new "struct dm_buf"
  local where, file = self.open(flow)
  local db = C.dm_database_open(where, file, 1, err)
  assert(db ~= nil, "no database")
  local status = C.dm_database_run(db, sql, nil, 0, out, err)
  C.dm_database_close(db)
  assert(status >= 0, ffi.string(err.text))
  local rows = {}
  for line in ffi.string(out.p, out.n):gmatch "[^\n]+" do rows[#rows + 1] = cjson.decode(line) end
  C.dm_buf_finish(out)
  return rows
end

local server

---What a user that a server may run as is set to.
local function as_server_user(folder)
  if t.bash "exit $((UID != 0))" ~= 0 then return "" end
  local user = t.shell "id postgres" == 0 and "postgres" or "nobody"
  t.shell(("chown %s %s"):format(user, folder))
  return ("setpriv --reuid %s --regid $(id -g %s) --clear-groups "):format(user, user)
end

---Starts a server in a scratch folder, which the caller of M.stop ends.
---@return dm.TestStore why: it can not be had
function M.postgres()
  if server then return server end
  server = setmetatable({ name = "PostgreSQL", env = NO_SERVER }, Store)
  local _, bin = t.shell "ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1"
  bin = bin:gsub("%s", "")
  if bin == "" then
    server.why = "no PostgreSQL: apt-get install postgresql"
    return server
  end
  local folder = t.scratch()
  server.run = as_server_user(folder)
  server.data, server.bin = folder .. "/data", bin
  local status, _, message = t.shell(("%s%s/initdb -D %s -A trust -U postgres -E UTF8 --locale=C --no-sync"):format(
    server.run, bin, server.data))
  if status ~= 0 then
    server.why = "initdb failed: " .. message:sub(1, 200)
    return server
  end
  server.folder = folder
  server.env = ("PG_HOST=%s PG_PORT=5432 PG_USER=postgres PG_PASSWORD=x PG_DATABASE=datamate"):format(folder)
  server.open = function() return ("host=%s user=postgres dbname=datamate"):format(folder) end
  M.start_server()
  local db = assert(C.dm_database_open(("host=%s user=postgres dbname=postgres"):format(folder), nil, 1, err))
  assert(C.dm_database_run(db, "CREATE DATABASE datamate", nil, 0, ffi.new "struct dm_buf", err) >= 0)
  C.dm_database_close(db)
  for statement in t.read "tests/datamate/schema.sql":gmatch "[^;]+;" do server:query("", statement) end
  return server
end

function M.start_server()
  local command = ("%s%s/pg_ctl -D %s -w -o '-k %s -c listen_addresses=' -l %s/log start"):format(server.run,
    server.bin, server.data, server.folder, server.folder)
  assert(t.shell(command) == 0, t.read(server.folder .. "/log"))
end

---@param how "fast"|"immediate"
function M.stop_server(how)
  t.shell(("%s%s/pg_ctl -D %s -m %s stop"):format(server.run, server.bin, server.data, how))
end

function M.stop()
  if server and server.folder then M.stop_server "immediate" end
  server = nil
end

-- Tasks ------------------------------------------------------------------------------------------------

---@class dm.TestTask
---@field root string
---@field flow string folder of process.yaml
---@field dest string export folder
---@field store dm.TestStore
---@field instance string
---@field dataset string
local Task = {}
Task.__index = Task

---The rows that the back end writes before it submits a task.
local function insert_rows(task)
  if not task.store.folder then return end
  task.store:query("", ([[INSERT INTO t_dm_datasets (id, name, dataset_type, path)
    VALUES ('%s', 'd', 'TEXT', '%s')]]):format(task.dataset, task.dest))
  task.store:query("", ([[INSERT INTO t_clean_task (id, name, status, dest_dataset_id)
    VALUES ('%s', '%s', 'RUNNING', '%s')]]):format(task.instance, task.instance, task.dataset))
end

---A task in a scratch folder.
---@param store dm.TestStore
---@param given { process: string, files: { [1]: string, [2]: string?, type: string? }[], instance: string? }
---@return dm.TestTask
function M.task(store, given)
  local root = t.scratch()
  M.count = (M.count or 0) + 1
  local instance = given.instance or ("00000000-0000-4000-8000-%06d%06d"):format(C.getpid() % 1000000, M.count)
  local task = setmetatable({ root = root, flow = root .. "/flow/" .. instance, dest = root .. "/dest", store = store,
    instance = instance, dataset = ("set-%d-%d"):format(C.getpid(), M.count) }, Task)
  t.shell(("mkdir -p %s %s/src"):format(task.flow, root))
  local rows = {}
  for i, file in ipairs(given.files) do
    local name, text = file[1], file[2]
    local path = ("%s/src/%d"):format(root, i)
    if text then t.write(path, text) end
    rows[i] = cjson.encode { fileId = ("file-%05d"):format(i), fileName = name, filePath = path,
      fileType = file.type or name:match "%.([^.]*)$", fileSize = text and #text or 0, metadata = {} } .. "\n"
  end
  t.write(task.flow .. "/dataset.jsonl", table.concat(rows))
  t.write(task.flow .. "/process.yaml", ("dataset_id: %s\ndataset_path: %s/dataset.jsonl\nexecutor_type: datamate\n"
    .. "export_path: %s\ninstance_id: %s\nprocess:\n%s\n"):format(task.dataset, task.flow, task.dest, task.instance,
    given.process))
  insert_rows(task)
  return task
end

---A recorded task: its files lie below a scratch folder, as its process.yaml says.
---@param store dm.TestStore
---@param name string
---@return dm.TestTask
function M.case(store, name)
  local root, folder = t.scratch(), CASES .. name .. "/"
  local function moved(text) return (text:gsub("/dataset/", root .. "/dataset/"):gsub("/flow/", root .. "/flow/")) end
  local process = moved(t.read(folder .. "process.yaml"))
  local task = setmetatable({ root = root, store = store, name = name,
    instance = process:match "instance_id: (%S+)", dataset = process:match "dataset_id: (%S+)" }, Task)
  task.flow, task.dest = root .. "/flow/" .. task.instance, root .. "/dataset/" .. task.dataset
  t.shell("mkdir -p " .. task.flow)
  t.write(task.flow .. "/process.yaml", process)
  local rows = moved(t.read(folder .. "dataset.jsonl"))
  t.write(task.flow .. "/dataset.jsonl", rows)
  local source = rows:match '"filePath": "([^"]*)/[^"/]*"'
  for _, file in ipairs(t.json_lines(folder .. "input_files.jsonl")) do
    t.shell("mkdir -p " .. source)
    t.write(source .. "/" .. file.path, file.text or require("dm.bytes").from_base64(file.b64))
  end
  insert_rows(task)
  return task
end

---Runs the task.
---@param options string? of dmhost run
---@return integer, string, string exit status, stdout, stderr
function Task:run(options)
  return t.shell(("%s %s run %s %s/process.yaml"):format(self.store.env, t.DMHOST, options or "-q", self.flow))
end

---The files of the export folder: content and mode by path.
---@return table<string, { [1]: string, [2]: string }>
function Task:files()
  local list = {}
  local _, out = t.shell(("cd %s 2>/dev/null && find . -type f -printf '%%m %%P\\n'"):format(self.dest))
  for mode, path in out:gmatch "(%d+) ([^\n]+)" do list[path] = { t.read(self.dest .. "/" .. path), mode } end
  return list
end

---The rows of t_clean_result, in the order of src_file_id.
---@return table[]
function Task:results()
  local list = {}
  for i, r in ipairs(self.store:query(self.flow, ([[SELECT src_file_id, dest_file_id, src_name, dest_name, src_type,
    dest_type, src_size, dest_size, status, result FROM t_clean_result WHERE instance_id = '%s'
    ORDER BY src_file_id, src_name, dest_name]]):format(self.instance))) do
    list[i] = { src_file_id = r[1], dest_file_id = r[2], src_name = r[3], dest_name = r[4], src_type = r[5],
      dest_type = r[6], src_size = tonumber(r[7]), dest_size = tonumber(r[8]), status = r[9],
      result = cjson.decode(r[10]) }
  end
  return list
end

---The rows of t_dm_dataset_files, in the order of their paths.
---@return table[]
function Task:file_rows()
  local list = {}
  for i, r in ipairs(self.store:query(self.flow, ([[SELECT id, file_name, file_path, file_type, file_size, status
    FROM t_dm_dataset_files WHERE dataset_id = '%s' ORDER BY file_path]]):format(self.dataset))) do
    list[i] = { id = r[1], file_name = r[2], file_path = r[3], file_type = r[4], file_size = tonumber(r[5]),
      status = r[6] }
  end
  return list
end

---The task's status and after_size; the data set's bytes and files.
---@return string, integer, integer, integer
function Task:ending()
  local task = self.store:query(self.flow, ("SELECT status, after_size FROM t_clean_task WHERE id = '%s'"):format(
    self.instance))[1]
  local set = self.store:query(self.flow, ("SELECT size_bytes, file_count FROM t_dm_datasets WHERE id = '%s'"):format(
    self.dataset))[1]
  return task[1], tonumber(task[2]), tonumber(set[1]), tonumber(set[2])
end

---The task's status, while it may be told at any time; nil when the database has no tables yet.
---@return string?
function Task:status()
  local there, status = pcall(self.ending, self)
  return there and status or nil
end

---Asserts that every file of the dataset has one row, every exported file one row and one file, and nothing else is in
---the export folder.
---@param n integer files of the dataset
function Task:assert_once(n)
  local assert = require "luassert"
  local results, files, rows = self:results(), self:files(), self:file_rows()
  local seen, exported = {}, 0
  for _, r in ipairs(results) do
    assert.is_nil(seen[r.src_file_id], r.src_file_id .. " has two rows")
    seen[r.src_file_id] = true
    if r.status == "COMPLETED" and r.dest_size > 0 then
      exported = exported + 1
      assert.truthy(files[r.dest_name], r.dest_name .. " is not there")
      assert.are.equal(r.dest_size, #files[r.dest_name][1])
    end
  end
  assert.are.equal(n, #results)
  local count = 0
  for _ in pairs(files) do count = count + 1 end
  assert.are.equal(exported, count)
  assert.are.equal(exported, #rows)
end

---What a recorded task left: see tests/datamate/recorded.lua.
---@param name string
---@return table tables
---@return table[] files
function M.recorded(name)
  return cjson.decode(t.read(CASES .. name .. "/tables.json")), t.json_lines(CASES .. name .. "/output_files.jsonl")
end

return M
