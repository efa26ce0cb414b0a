-- The files of a task's export folder that no row tells of: chunks that Segmentation writes, and what stood there
-- before. They get theirs, as DataMate's FileScanner gives it.
local ffi = require "ffi"
local delivery = require "dm.datamate.delivery"
local tables_module = require "dm.datamate.tables"

local C = ffi.C

local M = {}

---Rows in a transaction.
local BATCH = 5000

-- What Python's mimetypes make of names, for what stands in data sets.
local TYPES = {
  txt = "text/plain", md = "text/markdown", markdown = "text/markdown", html = "text/html", htm = "text/html",
  xml = "text/xml", csv = "text/csv", tsv = "text/tab-separated-values", json = "application/json",
  pdf = "application/pdf", doc = "application/msword", xls = "application/vnd.ms-excel",
  ppt = "application/vnd.ms-powerpoint", zip = "application/zip", tar = "application/x-tar",
  docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  jpg = "image/jpeg", jpeg = "image/jpeg", png = "image/png", bmp = "image/bmp", gif = "image/gif",
  tif = "image/tiff", tiff = "image/tiff", svg = "image/svg+xml", webp = "image/webp",
  mp3 = "audio/mpeg", wav = "audio/x-wav", mp4 = "video/mp4", avi = "video/x-msvideo", mov = "video/quicktime",
  py = "text/x-python", js = "text/javascript", css = "text/css",
}

local function type_of(name)
  local extension = name:match "[^.]%.([^.]*)$"
  if not extension then return "" end
  return TYPES[extension:lower()] or tables_module.cut("." .. extension, tables_module.TYPE)
end

---The paths that have a row.
local function known_paths(tables, dataset)
  local known = {}
  for _, row in ipairs(tables:run("SELECT file_path FROM t_dm_dataset_files WHERE dataset_id = $1", dataset)) do
    known[row[1]] = true
  end
  return known
end

---The files that have none.
local function strangers(folder, known)
  local out, err, list = ffi.new "struct dm_buf", ffi.new "struct dm_error", {}
  local status = C.dm_export_list(folder, out, err)
  local text = ffi.string(out.p, out.n)
  C.dm_buf_finish(out)
  if status < 0 then error(ffi.string(err.text), 0) end
  for size, time, path in text:gmatch "(%d+) (%d+%.%d+) ([^%z]+)%z" do
    if not known[path] then list[#list + 1] = { size = size, time = tonumber(time), path = path } end
  end
  table.sort(list, function(a, b) return a.path < b.path end)
  return list
end

---Gives every file of the export folder its row.
---@param tables dm.Tables
---@param dataset string
---@param folder string the export folder
function M.run(tables, dataset, folder)
  local list = strangers(folder, known_paths(tables, dataset))
  local now = tables_module.time()
  for first = 1, #list, BATCH do
    tables:connect()
    tables:transaction(function(add)
      for i = first, math.min(first + BATCH - 1, #list) do
        local file = list[i]
        local name = file.path:match "[^/]*$"
        add(tables_module.INSERT_FILE, delivery.uuid(), dataset, name, file.path, type_of(name), file.size, now,
          tables_module.time(file.time), now, now)
      end
    end)
  end
end

return M
