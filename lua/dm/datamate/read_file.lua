-- The first operator of a DataMate task: it reads the file that a row of dataset.jsonl names. Types that are text are
-- read here, as UTF-8; office documents and PDF by the command in $DMHOST_READER, which gets the path as its last word
-- and prints the text, as do csv and md when it is named. Of other types nothing is read, and the text is empty.
local ffi = require "ffi"
local disk = require "dm.disk"
local failure = require "dm.datamate.failure"
local raw = require("dm.sample").raw
local tables = require "dm.datamate.tables"
local utf8 = require "dm.utf8"
local Filter = require("dm.base_op").Filter

local C = ffi.C

local TEXT = { txt = true, markdown = true, xml = true, html = true, json = true, jsonl = true, md = true, csv = true }
local DOCUMENT = { ppt = true, pptx = true, docx = true, doc = true, xlsx = true, pdf = true, csv = true, md = true }
local IMAGE = { jpg = true, jpeg = true, png = true, bmp = true }

local ReadFile = Filter:extend {
  name = "read_file",
  summary = "Read the file that a row of a task's dataset names.",
  origin = "DataMate",
  params = {
    { "export_path", "string", required = true, doc = "the task's export folder" },
    { "instance_id", "string", required = true, doc = "the task" },
    { "dataset_id", "string", required = true, doc = "the data set that files are exported to" },
    { "finished", "string", required = true, doc = "file with the keys of files that an earlier submission finished" },
  },
}

---Why a file is left out that an earlier submission of the task has finished: it has its row.
ReadFile.FINISHED = "finished by an earlier submission of the task"

function ReadFile:init()
  self.done = {}
  for key in (disk.read(self.finished) or ""):gmatch "[^\n]+" do self.done[key] = true end
  self.some_done = next(self.done) ~= nil
  self.command = os.getenv "DMHOST_READER"
end

---What tells files of a dataset apart, whichever submission names them.
---@param id string src_file_id, as its column has it
---@param name string src_name, likewise
---@return string
function ReadFile.key(id, name)
  return (id .. "/" .. name):gsub("%c", "?")
end

---The key of a row of dataset.jsonl.
local function key_of(sample)
  local cut, str = tables.cut, tables.str
  return ReadFile.key(cut(str(sample.fileId), tables.ID), cut(str(sample.fileName), tables.NAME))
end

-- Classes of Python by errno, as far as they have one of their own.
local ERRORS = { [1] = "PermissionError", [2] = "FileNotFoundError", [13] = "PermissionError",
  [20] = "NotADirectoryError", [21] = "IsADirectoryError" }

local function raise_system(number, message, path)
  failure.raise(ERRORS[number] or "OSError", ("[Errno %d] %s: '%s'"):format(number, message, path))
end

---All bytes of a file.
local function read_bytes(path)
  if path:find "%z" then failure.raise("ValueError", "embedded null byte") end
  local file, message, number = io.open(path, "rb")
  if not file then raise_system(number, message:sub(#path + 3), path) end
  local bytes
  bytes, message, number = file:read "*a"
  file:close()
  if not bytes then raise_system(number, message, path) end
  return bytes
end

---What Python says of the bytes at `at` (from 0), which are no UTF-8.
local function decode_error(s, at)
  local size, why = utf8.fault(s, at)
  local what = size == 1 and ("byte 0x%02x in position %d"):format(s:byte(at + 1), at)
    or ("bytes in position %d-%d"):format(at, at + size - 1)
  failure.raise("UnicodeDecodeError", ("'utf-8' codec can't decode %s: %s"):format(what, why))
end

---Bytes as the text that Python makes of them: a byte order mark is left out, lines end with LF.
---@param s string
---@return string
function ReadFile.decode(s)
  if s:sub(1, 3) == "\239\187\191" then s = s:sub(4) end
  local valid = tonumber(C.dm_utf8_check(s, #s))
  if valid < #s then decode_error(s, valid) end
  return (s:gsub("\r\n", "\n"))
end

---A word for sh, whatever is in it: dm.shell writes control characters as $'...', which dash does not know.
local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

---What the command prints of a file. It ends when the worker does.
local function read_by_command(command, path)
  local file, message, number = io.open(path, "rb")
  if not file then raise_system(number, message:sub(#path + 3), path) end
  file:close()
  local bound = "setpriv --pdeathsig KILL "
  local inner = ("%s%s %s; printf '\\n%%d' $?"):format(bound, command, quoted(path))
  local pipe, why = io.popen(("exec %ssh -c %s"):format(bound, quoted(inner)), "r")
  if not pipe then failure.raise("OSError", tostring(why)) end
  local out = pipe:read "*a" or ""
  pipe:close()
  local printed, status = out:match "^(.*)\n(%d+)$"
  if status ~= "0" then
    failure.raise("RuntimeError", ("DMHOST_READER: %s ended with status %s"):format(command, status or "?"))
  end
  return ReadFile.decode(printed)
end

---The text of a file.
---@param path string
---@param kind string its type, without a dot
---@return string text
---@return string? why nothing was read
function ReadFile:read(path, kind)
  if DOCUMENT[kind] and self.command then return read_by_command(self.command, path) end
  if TEXT[kind] then return ReadFile.decode(read_bytes(path)) end
  if DOCUMENT[kind] then
    read_bytes(path)
    failure.raise("RuntimeError", kind .. " is read by the command in DMHOST_READER: see `dmhost help datamate`")
  end
  if IMAGE[kind] then
    read_bytes(path)
    failure.raise("RuntimeError", kind .. " is an image, and this runs no operators on images")
  end
  return ""
end

---A field that DataMate looks up without asking whether it is there.
---@return string? nil: it is null
local function wanted(sample, name)
  local v = sample[name]
  if v ~= nil then return tostring(v) end
  if not raw(sample, name) then failure.raise("KeyError", ("'%s'"):format(name)) end
end

---A field that DataMate takes for a path.
local function path_in(sample, name)
  local path = wanted(sample, name)
  if not path then failure.raise("TypeError", "expected str, bytes or os.PathLike object, not NoneType") end
  return path
end

local function is_empty(v) return v == nil or v == "" end

---Rows bring nothing that operators leave for others, as long as they bring no text.
local function forget(sample, names)
  for _, name in ipairs(names) do
    if sample[name] ~= nil then sample[name] = nil end
  end
end

function ReadFile:execute(sample)
  if self.some_done and C.dm_row_offset() >= 0 and self.done[key_of(sample)] then return false, ReadFile.FINISHED end
  sample.sourceFileId, sample.sourceFileName, sample.sourceFileType = sample.fileId, sample.fileName, sample.fileType
  sample.sourceFileSize = sample.fileSize or 0
  sample.export_path, sample.instance_id, sample.dataset_id = self.export_path, self.instance_id, self.dataset_id
  if is_empty(sample[self.text_key]) and is_empty(sample[self.data_key]) then
    forget(sample, { self.target_type_key, self.ext_params_key, "failed_reason" })
  end
  path_in(sample, "fileName")
  local kind = wanted(sample, "fileType")
  self:set_text(sample, kind and self:read(path_in(sample, "filePath"), kind) or "")
  return true
end

return ReadFile
