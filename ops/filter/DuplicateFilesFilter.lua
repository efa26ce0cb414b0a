-- Drops files whose text is nearly that of an earlier file of the same task. Sentences are compared by MinHash, in the
-- order of dataset.jsonl: of twins always the first one stays. A run reads the files once more before it, to find them
-- (dm.datamate.twins), so that this operator needs a task of DataMate.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local disk = require "dm.disk"

local C = ffi.C

local DuplicateFilesFilter = datamate.ContentFilter:extend {
  name = "DuplicateFilesFilter",
  summary = "Drop files of a task whose text is nearly that of an earlier one.",
  params = {
    { "fileDuplicateThreshold", "number", default = 0.5, doc = "share of equal places at which two are twins" },
    { "uuid", "string", default = "", doc = "has no effect: files are compared within their task" },
    { "twins", "string", default = "", doc = "file that tells which rows are twins; a task's run sets it" },
  },
  examples = { { input = { text = "One. Two." }, params = { twins = "/none" }, keep = true } },
}

function DuplicateFilesFilter:init()
  if self.twins == "" then
    error("it compares the files of a task of DataMate with each other: dmhost run process.yaml", 0)
  end
  self.dropped = {}
  for offset, reason in (disk.read(self.twins) or ""):gmatch "(%d+) ([^\n]*)\n" do
    self.dropped[tonumber(offset)] = reason
  end
end

function DuplicateFilesFilter:judge()
  local reason = self.dropped[C.dm_row_offset()]
  if reason then return false, reason end
  return true
end

return DuplicateFilesFilter
