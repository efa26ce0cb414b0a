-- What a task's run has committed goes to the export folder and the tables, exactly once, whatever dies in between.
--
-- Files get their names and the tables their rows in the order of the dataset, in batches. A batch is first written
-- down (RUN/delivery.json, on disk before anything else happens): which file gets which name, and every row. Then the
-- files are named, then the rows are inserted in one transaction. What is written down is done again after a crash:
-- a file that has its name keeps it, rows that are there are replaced. So each file of the dataset has one row and at
-- most one file, and no row points at a file that is not there.
--
-- deliver() is called by the thread that commits, while nothing else uses this Lua state.
local ffi = require "ffi"
local disk = require "dm.disk"
local exporter = require "dm.datamate.exporter"
local failure = require "dm.datamate.failure"
local json = require "dm.json"
local read_file = require "dm.datamate.read_file"
local tables_module = require "dm.datamate.tables"

local C = ffi.C
local str = tables_module.str

local M = {}

---Files in a batch, at the most.
local BATCH = 1000

---What is read of /dev/urandom at once: a whole number of UUIDs.
local RANDOM_BYTES = 4096

---@class dm.Delivered what becomes of one file of the dataset
---@field id string dest_file_id
---@field src_id string
---@field src_name string
---@field src_type string
---@field src_size string
---@field name string of the exported file, or of the source when none is exported
---@field type string
---@field size string
---@field status "COMPLETED"|"FAILED"
---@field result string
---@field staged string? under which name the file waits
---@field time number when it was exported
---@field replaces string[]? dest_file_ids of rows that an earlier submission left

---@class dm.Delivery
---@field task dm.DataMateTask
---@field tables dm.Tables
---@field rows_at integer how far the run's rows have been delivered
---@field ledger_at integer how far its ledger has
---@field failed table<string, string[]> rows of earlier submissions that a new outcome replaces, by key
---@field next_number table<string, integer> by file name: where to look for a free one
local Delivery = {}
Delivery.__index = Delivery

local current

local err = ffi.new "struct dm_error"

local function check(status)
  if status < 0 then error(ffi.string(err.text), 0) end
  return status
end

---@param task dm.DataMateTask
---@param tables dm.Tables
---@return dm.Delivery
function M.begin(task, tables)
  current = setmetatable({ task = task, tables = tables, rows_at = 0, ledger_at = 0, failed = {}, next_number = {},
    fresh = true }, Delivery)
  return current
end

local function path_of_log(self)
  return self.task.folder .. "/delivery.json"
end

---Writes down what is about to be done, or that it is done (no entries).
---@param entries table[]?
function Delivery:log(entries)
  local text = json.encode { rows = self.rows_at, ledger = self.ledger_at, entries = entries }
  check(C.dm_export_replace(path_of_log(self), text, #text, err))
end

---Does again what an earlier process may not have ended, and goes on behind it.
function Delivery:recover()
  local text = disk.read(path_of_log(self))
  if not text then return end
  local log = json.decode(text)
  self.rows_at, self.ledger_at = log.rows, log.ledger
  if #log.entries > 0 then self:apply(log.entries, true) end
end

---Begins at the start of a run's streams.
function Delivery:restart()
  self.rows_at, self.ledger_at = 0, 0
end

-- Reading ----------------------------------------------------------------------------------------------

---Lines of a file of the run, from `at` on as far as `to`.
local function lines(self, name, at, to, most, take)
  local file = self[name] or assert(io.open(self.task.folder .. "/" .. name, "rb"))
  self[name] = file
  assert(file:seek("set", at))
  while at < to and most > 0 do
    local line = assert(file:read "*l", name .. " of the run is shorter than it was")
    at, most = at + #line + 1, most - 1
    take(line)
  end
  return at
end

---Random bytes that no UUID has been made of, and how many of them have.
local random, used = "", 0

---A version 4 UUID.
local function uuid()
  if used == #random then
    local file = assert(io.open("/dev/urandom", "rb"))
    random, used = assert(file:read(RANDOM_BYTES)), 0
    file:close()
  end
  local b = { random:byte(used + 1, used + 16) }
  used = used + 16
  b[7], b[9] = bit.bor(bit.band(b[7], 0x0f), 0x40), bit.bor(bit.band(b[9], 0x3f), 0x80)
  return ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x"):format(unpack(b))
end
M.uuid = uuid

---@return dm.Delivered
local function entry_of(id, name, kind, size)
  local cut = tables_module.cut
  local src_name = cut(str(name), tables_module.NAME)
  return { id = uuid(), src_id = cut(str(id), tables_module.ID), src_name = src_name,
    src_type = cut(str(kind), tables_module.TYPE), src_size = ("%d"):format(tonumber(size) or 0), name = src_name,
    type = "", size = "0", status = "COMPLETED", result = "{}", time = os.time() }
end

---A file that came out.
local function of_row(line)
  local row = json.decode(line)
  local entry = entry_of(row.sourceFileId, row.sourceFileName, row.sourceFileType, row.sourceFileSize)
  entry.name, entry.type, entry.size, entry.staged = row.fileName, row.fileType, row.fileSize, row.staged
  return entry
end

local function quoted(s)
  return (json.encode(s):gsub("\\/", "/"))
end

---Why a file failed, as DataMate tells it; our own operators have the names of the ones beside them.
local function result_of(self, op, reason)
  local names = self.task.operators
  if op == "read_file" then op = names[1] end
  if op == "FileExporter" then op = names[#names] end
  local class, code, message = failure.parse(reason)
  return ('{"op_name": %s, "error_code": "%s", "reason": %s}'):format(quoted(op), code,
    quoted(("错误类型: %s\n错误原因: %s"):format(class, message)))
end

---A file that was dropped or failed; nil when it has its row already, or is none.
local function of_ledger(self, line)
  local record = json.decode(line)
  local offset = record.row:match "@(%d+)$"
  if record.reason == read_file.FINISHED or not offset then return nil end
  assert(self.dataset:seek("set", tonumber(offset)))
  local ok, row = pcall(json.decode, self.dataset:read "*l" or "")
  if not ok or type(row) ~= "table" then
    self.broken = true
    return nil
  end
  local entry = entry_of(row.fileId, row.fileName, row.fileType, row.fileSize)
  if record.outcome == "rejected" then
    entry.status, entry.result = "FAILED", result_of(self, record.op, record.reason)
  end
  return entry
end

-- Doing ------------------------------------------------------------------------------------------------

local function is_taken(self, name, chosen)
  return chosen[name] or C.dm_export_taken(self.task.export .. "/" .. name) == 1
end

---A name that no file has: NAME_1.txt, NAME_2.txt ... when it is taken.
local function choose(self, name, chosen)
  local free = name
  if is_taken(self, name, chosen) then
    local n = self.next_number[name] or 1
    while is_taken(self, exporter.numbered(name, n), chosen) do n = n + 1 end
    self.next_number[name] = n + 1
    free = exporter.numbered(name, n)
  end
  chosen[free] = true
  return free
end

---A file that was to have its name before a crash, and is nowhere: whoever submits the task again has it made again.
local function lose(self, entry)
  local op = self.task.operators[#self.task.operators]
  entry.status, entry.type, entry.size, entry.staged = "FAILED", "", "0", nil
  entry.result = result_of(self, op, "OSError: the exported file was lost before it had its row")
end

---Gives staged files their names. One that is taken by now is left to who has it.
local function name_files(self, entries, again)
  local task = self.task
  for _, entry in ipairs(entries) do
    while entry.staged do
      local status = check(C.dm_export_name(task.staging .. "/" .. entry.staged, task.export .. "/" .. entry.name, err))
      if status == 0 or status == 2 and again and is_taken(self, entry.name, {}) then break end
      if status == 2 then
        lose(self, entry)
      else
        entry.name = choose(self, entry.name, {})
        self:log(entries)
      end
    end
  end
  check(C.dm_export_sync_names(task.export, err))
end

local function insert(self, entry, again, add)
  local task = self.task
  for _, id in ipairs(entry.replaces or {}) do add(tables_module.DELETE_RESULT, task.instance_id, id) end
  if again then
    add(tables_module.DELETE_RESULT, task.instance_id, entry.id)
    add(tables_module.DELETE_FILE, entry.id)
  end
  if entry.staged then
    local now = tables_module.time(entry.time)
    add(tables_module.INSERT_FILE, entry.id, task.dataset_id, entry.name, task.export .. "/" .. entry.name, entry.type,
      entry.size, now, now, now, now)
  end
  add(tables_module.INSERT_RESULT, task.instance_id, entry.src_id, entry.id, entry.src_name, entry.name, entry.src_type,
    entry.type, entry.src_size, entry.size, entry.status, entry.result)
end

---Tries a transaction again once when the connection was lost: the server may have been started anew.
local function insert_all(self, entries, again)
  local function try(repeated)
    self.tables:connect()
    self.tables:transaction(function(add)
      for _, entry in ipairs(entries) do insert(self, entry, repeated, add) end
    end)
  end
  local ok, why = pcall(try, again)
  if ok then return end
  if not tables_module.is_lost(why) then error(why, 0) end
  try(true)
end

---@param entries dm.Delivered[]
---@param again boolean it may have been done before, or some of it
function Delivery:apply(entries, again)
  name_files(self, entries, again)
  insert_all(self, entries, again)
end

---The next entries of the run's streams.
local function gather(self, rows_to, ledger_to)
  local entries, chosen = {}, {}
  local rows_at = lines(self, "rows", self.rows_at, rows_to, BATCH, function(line)
    local entry = of_row(line)
    entry.name = choose(self, entry.name, chosen)
    entries[#entries + 1] = entry
  end)
  local ledger_at = lines(self, "ledger.jsonl", self.ledger_at, ledger_to, BATCH, function(line)
    entries[#entries + 1] = of_ledger(self, line)
  end)
  for _, entry in ipairs(entries) do
    entry.replaces = self.failed[read_file.key(entry.src_id, entry.src_name)]
  end
  self.rows_at, self.ledger_at = rows_at, ledger_at
  return entries
end

---@param rows_to integer
---@param ledger_to integer
function Delivery:go_on(rows_to, ledger_to)
  self.dataset = self.dataset or assert(io.open(self.task.dataset_path, "rb"))
  while self.rows_at < rows_to or self.ledger_at < ledger_to do
    local entries = gather(self, rows_to, ledger_to)
    if #entries > 0 then
      self:log(entries)
      self:apply(entries, false)
    end
  end
end

---Nobody works yet: what an earlier run has left in the staging folder belongs to nothing.
local function make_staging(self)
  check(C.dm_export_clear(self.task.staging, err))
  check(C.dm_export_folder(self.task.staging, err))
  self.fresh = false
end

---Enters why something failed into an error of C's.
---@param e ffi.cdata* struct dm_error
---@param why any
function M.put_error(e, why)
  local text = tostring(why)
  ffi.fill(e.text, ffi.sizeof(e.text))
  ffi.copy(e.text, text, math.min(#text, ffi.sizeof(e.text) - 1))
end

---Called by C: delivers what has been committed up to these places.
---@param pointer lightuserdata struct dm_delivery *
---@return integer status
function M.deliver(pointer)
  local d = ffi.cast("struct dm_delivery *", pointer)
  local ok, why = pcall(function()
    current:go_on(tonumber(d.rows_to), tonumber(d.ledger_to))
    if current.fresh then make_staging(current) end
  end)
  if ok then return 0 end
  M.put_error(d.err, why)
  d.err.status = C.DM_EIO
  return C.DM_EIO
end

---Ends it: nothing is left to be done again.
function Delivery:finish()
  self:log {}
  check(C.dm_export_clear(self.task.staging, err))
end

return M
