-- The last operator of a DataMate task: it writes what is left of a sample to a file, as DataMate's FileExporter does.
-- The file waits under a name that nobody has until the run commits the row; dm.datamate.delivery then names it.
local ffi = require "ffi"
local bytes = require "dm.bytes"
local failure = require "dm.datamate.failure"
local Filter = require("dm.base_op").Filter
local raised = require "dm.raised"

local C = ffi.C

local TEXT, IMAGE, SCAN = {}, {}, {}
for kind in ("txt html md markdown xlsx xls csv pptx ppt xml json jsonl doc docx pdf"):gmatch "%a+" do
  TEXT[kind] = true
end
for kind in ("jpg jpeg png bmp"):gmatch "%a+" do IMAGE[kind] = true end
for kind in ("svs tif tiff"):gmatch "%a+" do SCAN[kind] = true end

---Bytes of the longest name of a file.
local LONGEST = 255

local FileExporter = Filter:extend {
  name = "FileExporter",
  summary = "Write what is left of a task's sample to a file.",
  origin = "DataMate",
  params = { { "staging", "string", required = true, doc = "folder where files wait for their names" } },
}

---The last part of a name, which can not lead out of a folder, without its extension.
---@param name string
---@return string
function FileExporter.stem(name)
  local last = name:match "[^/]*$"
  local dots, rest = last:match "^(%.*)(.*)$"
  return dots .. (rest:match "^(.+)%.[^.]*$" or rest)
end

---The name that a file has instead of a taken one. A long one is shortened so that the number fits.
---@param name string
---@param number integer
---@return string
function FileExporter.numbered(name, number)
  local stem, extension = name:match "^(.*)(%.[^.]*)$"
  local tail = ("_%d%s"):format(number, extension)
  local most = LONGEST - #tail
  while most < #stem and stem:find("^[\128-\191]", most + 1) do most = most - 1 end
  return stem:sub(1, most) .. tail
end

---What a sample becomes: bytes, and the extension of their file.
---@param sample dm.Sample
---@return string bytes
---@return string|nil extension nil: files of its type are not exported
function FileExporter:content(sample)
  local kind, target = tostring(sample[self.fileType_key] or ""), sample[self.target_type_key]
  local text, data = sample[self.text_key] or "", sample[self.data_key] or ""
  if TEXT[kind] then
    if target == nil or target == "" then return text, "txt" end
    return data ~= "" and bytes.from_base64(data) or text, tostring(target)
  end
  if IMAGE[kind] then return data ~= "" and bytes.from_base64(data) or text, tostring(target or kind) end
  if SCAN[kind] then return bytes.from_base64(data), "png" end
  return text, nil
end

---The name of the file of a sample.
local function name_of(self, sample, extension)
  local given = tostring(sample[self.fileName_key])
  local name = FileExporter.stem(given) .. "." .. extension
  if name:find("[%z/]") then failure.raise("ValueError", "embedded null byte") end
  if #name > LONGEST then
    failure.raise("OSError", ("[Errno 36] File name too long: '%s'"):format(name))
  end
  return name
end

function FileExporter:init()
  self.exports = C.dm_is_folder(self.staging) == 1 -- a run makes it; `try` and `check` write no files
end

local err, staged = ffi.new "struct dm_error", ffi.new "struct dm_buf"

function FileExporter:execute(sample)
  local content, extension = self:content(sample)
  if content == "" then return false, "text and data are empty" end
  if not extension then
    return false, ("files of type %q are not exported"):format(tostring(sample[self.fileType_key]))
  end
  local name = name_of(self, sample, extension)
  staged.n = 0
  if self.exports and C.dm_export_stage(self.staging, content, #content, staged, err) < 0 then
    raised.end_run(ffi.string(err.text))
  end
  sample[self.text_key], sample[self.data_key] = "", ""
  sample[self.fileName_key], sample[self.fileType_key] = name, extension
  sample[self.fileSize_key], sample.execute_result = tostring(#content), true
  sample.staged = ffi.string(staged.p, staged.n)
  return true
end

return FileExporter
