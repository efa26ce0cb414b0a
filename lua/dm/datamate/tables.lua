-- The tables of DataMate that a task writes: on the PostgreSQL server that its environment variables name, or, when
-- none of them is set, in a file of SQLite beside the task's process.yaml.
local ffi = require "ffi"
local json = require "dm.json"

local C = ffi.C

local M = {}

---@class dm.Tables
---@field db ffi.cdata*? struct dm_database *; nil when the connection was lost
---@field server string? connection string
---@field file string? of SQLite
local Tables = {}
Tables.__index = Tables

local VARIABLES = { "PG_HOST", "PG_PORT", "PG_USER", "PG_PASSWORD", "PG_DATABASE" }
local DEFAULTS = { PG_HOST = "datamate-database", PG_PORT = "5432", PG_USER = "postgres", PG_PASSWORD = "password",
  PG_DATABASE = "datamate" }
local KEYWORDS = { PG_HOST = "host", PG_PORT = "port", PG_USER = "user", PG_PASSWORD = "password",
  PG_DATABASE = "dbname" }

---The connection string that the environment asks for; nil when it says nothing of a server.
local function server()
  local words, set = { "connect_timeout=10", "client_encoding=UTF8", "application_name=dmhost" }, false
  for _, name in ipairs(VARIABLES) do
    local value = os.getenv(name)
    set = set or value ~= nil
    words[#words + 1] = ("%s='%s'"):format(KEYWORDS[name], ((value or DEFAULTS[name]):gsub("[\\']", "\\%0")))
  end
  return set and table.concat(words, " ") or nil
end

-- What a file of SQLite gets when it is new: DataMate's columns, as far as a task reads or writes them.
local SCHEMA = {
  [[CREATE TABLE IF NOT EXISTS t_clean_task (id VARCHAR(64) PRIMARY KEY, name VARCHAR(64), status VARCHAR(256),
    dest_dataset_id VARCHAR(64), after_size BIGINT, started_at TIMESTAMP, finished_at TIMESTAMP)]],
  [[CREATE TABLE IF NOT EXISTS t_clean_result (instance_id VARCHAR(64), src_file_id VARCHAR(64),
    dest_file_id VARCHAR(64), src_name VARCHAR(256), dest_name VARCHAR(256), src_type VARCHAR(256),
    dest_type VARCHAR(256), src_size BIGINT, dest_size BIGINT, status VARCHAR(256), result TEXT,
    PRIMARY KEY (instance_id, dest_file_id))]],
  [[CREATE TABLE IF NOT EXISTS t_dm_datasets (id VARCHAR(36) PRIMARY KEY, name VARCHAR(255), path VARCHAR(500),
    size_bytes BIGINT DEFAULT 0, file_count BIGINT DEFAULT 0, updated_at TIMESTAMP)]],
  [[CREATE TABLE IF NOT EXISTS t_dm_dataset_files (id VARCHAR(36) PRIMARY KEY, dataset_id VARCHAR(36),
    file_name VARCHAR(255), file_path VARCHAR(1000), file_type VARCHAR(50), file_size BIGINT, status VARCHAR(50),
    upload_time TIMESTAMP, last_access_time TIMESTAMP, created_at TIMESTAMP, updated_at TIMESTAMP)]],
}

---@param folder string where a file of SQLite stands
---@return dm.Tables not connected yet
function M.new(folder)
  local where = server()
  return setmetatable({ server = where, file = not where and folder .. "/datamate.sqlite" or nil }, Tables)
end

local err = ffi.new "struct dm_error"

---@class dm.TablesError
---@field message string
---@field lost boolean the connection, or the disk: another try may do
local Failed = { __tostring = function(e) return e.message end }

local function check(status)
  if status >= 0 then return status end
  error(setmetatable({ message = ffi.string(err.text), lost = err.status == C.DM_EIO }, Failed), 0)
end

---Whether an error is one that may be over when it is tried again.
---@param e any
---@return boolean
function M.is_lost(e)
  return getmetatable(e) == Failed and e.lost
end

---How often a server is tried for, in a quarter of a minute: as often as DataMate does.
local TRIES = 5

---Opens a connection, unless there is one.
---@param tries integer?
---@return boolean bare it is to a file of SQLite that has no tables
local function open(self, tries)
  if self.db then return false end
  local db = C.dm_database_open(self.server, self.file, tries or TRIES, err)
  if db == nil then check(err.status) end
  self.db = db
  return self.file ~= nil and #self:run "SELECT 1 FROM sqlite_master WHERE name = 't_clean_result'" == 0
end

local function add_schema(add)
  for _, sql in ipairs(SCHEMA) do add(sql) end
end

---Connects, unless that is done.
---@param tries integer?
function Tables:connect(tries)
  if open(self, tries) then self:transaction(add_schema) end
end

---Ends the connection; the next connect makes another.
function Tables:close()
  C.dm_database_close(self.db)
  self.db = nil
end

---Values of a statement for C; no statement has more.
local MOST = 16
local list = ffi.new("const char *[?]", MOST)

---Puts values there; they must be kept for as long as it is used.
---@return integer n
local function fill_list(values)
  assert(#values <= MOST)
  for i = 1, #values do list[i - 1] = values[i] end
  return #values
end

---Runs a statement.
---@param sql string
---@param ... string the values of $1, $2 ...
---@return string[][] rows
function Tables:run(sql, ...)
  local values, rows, out = { ... }, {}, ffi.new "struct dm_buf"
  local status = C.dm_database_run(self.db, sql, list, fill_list(values), out, err)
  local text = ffi.string(out.p, out.n)
  C.dm_buf_finish(out)
  check(status)
  for line in text:gmatch "[^\n]+" do rows[#rows + 1] = json.decode(line) end
  return rows
end

---Runs statements as one transaction; what goes wrong is raised and nothing of it has happened, but for a connection
---that is lost at its end.
---@param fill fun(add: fun(sql: string, ...: string))
function Tables:transaction(fill)
  local function add(sql, ...)
    local values = { ... }
    check(C.dm_database_add(self.db, sql, list, fill_list(values), err))
  end
  local ok, why = pcall(function()
    check(C.dm_database_begin(self.db, err))
    fill(add)
    check(C.dm_database_commit(self.db, err))
  end)
  if ok then return end
  self:close()
  error(why, 0)
end

---Python's str() of a value that may not be there, which DataMate writes.
---@param v any
---@return string
function M.str(v)
  if v == nil or v == "" or type(v) == "userdata" then return "None" end
  return tostring(v)
end

---A text as long as a column is: that many characters at the most.
---@param s string
---@param most integer
---@return string
function M.cut(s, most)
  if #s <= most then return s end
  local n, at = 0, 1
  while n < most and at <= #s do
    at = s:match("^[%z\1-\127\192-\255][\128-\191]*()", at) or at + 1
    n = n + 1
  end
  return s:sub(1, at - 1)
end

---The characters that columns hold.
M.ID, M.NAME, M.TYPE = 64, 256, 50

---The time as DataMate writes it: local, without a zone.
---@param seconds number? since 1970; default: now
---@return string
function M.time(seconds)
  seconds = seconds or os.time()
  return os.date("%Y-%m-%d %H:%M:%S", seconds) .. ("%.6f"):format(seconds % 1):sub(2)
end

M.INSERT_RESULT = [[INSERT INTO t_clean_result (instance_id, src_file_id, dest_file_id, src_name, dest_name, src_type,
  dest_type, src_size, dest_size, status, result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)]]
M.DELETE_RESULT = "DELETE FROM t_clean_result WHERE instance_id = $1 AND dest_file_id = $2"
M.INSERT_FILE = [[INSERT INTO t_dm_dataset_files (id, dataset_id, file_name, file_path, file_type, file_size, status,
  upload_time, last_access_time, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'COMPLETED', $7, $8, $9, $10)]]
M.DELETE_FILE = "DELETE FROM t_dm_dataset_files WHERE id = $1"

---What earlier submissions of a task have left: of each file its outcome.
---@param instance string
---@return string[][] rows src_file_id, src_name, dest_file_id, status
function Tables:results(instance)
  return self:run("SELECT src_file_id, src_name, dest_file_id, status FROM t_clean_result WHERE instance_id = $1",
    instance)
end

local RUNS = "UPDATE t_clean_task SET status = 'RUNNING' WHERE id = $1"

---Connects, and writes down that the task runs. SQLite gets the rows that DataMate's back end would have written.
---@param instance string
---@param dataset string
---@param folder string the export folder
---@return boolean known whether there is such a data set
function Tables:begin(instance, dataset, folder)
  local bare = open(self)
  if not self.file then
    self:run(RUNS, instance)
    return #self:run("SELECT id FROM t_dm_datasets WHERE id = $1", dataset) > 0
  end
  self:transaction(function(add)
    if bare then add_schema(add) end
    add("INSERT OR IGNORE INTO t_clean_task (id, started_at) VALUES ($1, $2)", instance, M.time())
    add(RUNS, instance)
    add("INSERT OR IGNORE INTO t_dm_datasets (id, path, size_bytes, file_count) VALUES ($1, $2, 0, 0)", dataset, folder)
  end)
  return true
end

---The task's status; nil when it has no row.
---@param instance string
---@return string?
function Tables:status(instance)
  local row = self:run("SELECT status FROM t_clean_task WHERE id = $1", instance)[1]
  return row and row[1]
end

---How many files of a task have which outcome.
---@param instance string
---@return { COMPLETED: integer, FAILED: integer }
function Tables:counts(instance)
  local counts = { COMPLETED = 0, FAILED = 0 }
  for _, row in ipairs(self:run(
    "SELECT status, COUNT(*) FROM t_clean_result WHERE instance_id = $1 GROUP BY status", instance)) do
    counts[row[1]] = tonumber(row[2])
  end
  return counts
end

---Writes down how a task has ended: its status, and what its data set holds.
---@param instance string
---@param dataset string
---@param status string
function Tables:finish(instance, dataset, status)
  self:transaction(function(add)
    add([[UPDATE t_dm_datasets SET
      size_bytes = (SELECT COALESCE(SUM(file_size), 0) FROM t_dm_dataset_files WHERE dataset_id = $1),
      file_count = (SELECT COUNT(*) FROM t_dm_dataset_files WHERE dataset_id = $1) WHERE id = $1]], dataset)
    add([[UPDATE t_clean_task SET status = $2, finished_at = $3,
      after_size = (SELECT size_bytes FROM t_dm_datasets WHERE id = $4) WHERE id = $1]], instance, status, M.time(),
      dataset)
  end)
end

return M
