-- Which files of a task are twins of earlier ones, for DuplicateFilesFilter. Before the run proper a pass takes the
-- files through the operators before that filter and writes down the MinHash of each text; then the signatures are
-- compared in the order of the dataset, so that the file that stays does not depend on who is first.
--
-- Signatures of files that stay are kept in the run directory: when a task is submitted again without the files that
-- are finished, the rest is compared with those, and never with itself.
local ffi = require "ffi"
local bytes = require "dm.bytes"
local disk = require "dm.disk"
local json = require "dm.json"
local read_file = require "dm.datamate.read_file"
local sources = require "dm.sources"
local tables = require "dm.datamate.tables"
local Mapper = require("dm.base_op").Mapper

local C = ffi.C

local M = {}

---Places of a signature, and its bytes.
local PLACES, BYTES = C.DM_MINHASH, 4 * C.DM_MINHASH

local Signature = Mapper:extend {
  name = "signature",
  summary = "Write down the MinHash of a file's sentences.",
  origin = "DataMate",
}

local signature, err = ffi.new("uint32_t[?]", PLACES), ffi.new "struct dm_error"

function Signature:execute(sample)
  local text = self:get_text(sample)
  if C.dm_minhash_sentences(text, #text, signature, err) < 0 then error(ffi.string(err.text), 0) end
  return { at = C.dm_row_offset(), empty = text == "", id = tables.str(sample.sourceFileId),
    name = tables.str(sample.sourceFileName), signature = bytes.to_base64(ffi.string(signature, BYTES)) }
end

---The folder of a pass.
---@param folder string the run directory
---@param pass integer
---@return string
function M.folder(folder, pass)
  return ("%s/twins-%d"):format(folder, pass)
end

---The file that tells DuplicateFilesFilter which rows are twins.
---@param folder string the run directory
---@param pass integer
---@return string
function M.decision(folder, pass)
  return M.folder(folder, pass) .. "/dropped"
end

---The operators of a pass: those before the filter, and one that writes signatures.
---@param ops dm.BaseOp[]
---@param before integer place of the filter
---@return dm.BaseOp[]
function M.operators(ops, before)
  local list = {}
  for i = 1, before - 1 do list[i] = ops[i] end
  list[before] = Signature {}
  return list
end

---The lines of a file of JSON.
local function rows_of(path)
  local file = io.open(path, "rb")
  return function()
    local line = file and file:read "*l"
    if line then return json.decode(line), line end
    if file then file:close() end
  end
end

local function signature_of(row)
  ffi.copy(signature, bytes.from_base64(row.signature), BYTES)
  return signature
end

local function key_of(row)
  return read_file.key(row.id, row.name)
end

---@class dm.Comparison
---@field twins ffi.cdata* struct dm_twins *
---@field names string[] of the files whose signatures are kept, in their order
---@field kept string[] their lines, for the next submission
local Comparison = {}
Comparison.__index = Comparison

local function keep(self, row)
  if C.dm_twins_keep(self.twins, signature_of(row)) < 0 then error("memory ran short", 0) end
  self.names[#self.names + 1] = row.name
  self.kept[#self.kept + 1] = json.encode { id = row.id, name = row.name, signature = row.signature } .. "\n"
end

---Tells of the signatures of a file, before any is kept.
local function count(self, path)
  for row in rows_of(path) do C.dm_twins_count(self.twins, signature_of(row)) end
end

---The signatures that an earlier submission left, but for those of the files at hand.
local function keep_earlier(self, path, rows_path)
  if not sources.exists(path) then return end
  local at_hand = {}
  for row in rows_of(rows_path) do at_hand[key_of(row)] = true end
  for row in rows_of(path) do
    if not at_hand[key_of(row)] then keep(self, row) end
  end
end

---Compares what a pass wrote down.
---@return string[] dropped lines "OFFSET REASON"
local function compare(self, rows_path)
  local dropped = {}
  for row in rows_of(rows_path) do
    local twin = row.empty and -1 or C.dm_twins_find(self.twins, signature_of(row))
    if twin >= 0 then
      dropped[#dropped + 1] = ("%d nearly the text of %s\n"):format(row.at, (self.names[twin + 1]:gsub("%c", "?")))
    elseif not row.empty then
      keep(self, row)
    end
  end
  return dropped
end

local function write(path, text)
  if C.dm_export_replace(path, text, #text, err) < 0 then error(ffi.string(err.text), 0) end
end

---Decides which files are twins, once their pass has ended.
---@param folder string the run directory
---@param pass integer
---@param threshold number share of equal places at which two are twins
---@return integer dropped how many are
function M.decide(folder, pass, threshold)
  local least = math.max(math.ceil(threshold * PLACES), 0)
  local self = setmetatable({ twins = ffi.gc(C.dm_twins_create(least), C.dm_twins_destroy), names = {}, kept = {} },
    Comparison)
  local rows_path = M.folder(folder, pass) .. "/files.jsonl"
  local known = ("%s/signatures-%d/kept.jsonl"):format(folder, pass)
  count(self, rows_path)
  if sources.exists(known) then count(self, known) end
  keep_earlier(self, known, rows_path)
  local dropped = compare(self, rows_path)
  write(known, table.concat(self.kept))
  write(M.decision(folder, pass), table.concat(dropped))
  os.remove(rows_path)
  return #dropped
end

---Whether that has been done.
---@param folder string the run directory
---@param pass integer
---@return boolean
function M.is_decided(folder, pass)
  return disk.read(M.decision(folder, pass)) ~= nil
end

return M
