-- Files as samples: `input = dm.files("docs/")` of a pipeline, and `for file in dm.files "docs/" do` in a script.
-- A sample has fileName, fileType (by content: "txt", "html", "pdf" ...), filePath, fileSize and modifiedTime (UTC);
-- with content = true, files that are text have their `text` too, in UTF-8, as DataMate reads it: without a byte order
-- mark, lines ended by LF. Names that begin with a dot are left out. Symbolic links are followed.
local ffi = require "ffi"
local json = require "dm.json"
local kernel = require "dm.text.kernel"
local suggest = require "dm.suggest"
local C = ffi.C

local M = {}

---@class dm.Files
---@field roots string[] folders, files or globs
---@field content boolean whether samples have the text of their file
---@field scan ffi.cdata*? of the loop over it
---@operator call: table?
local Files = {}
Files.__index = Files

---The longest text that a loop reads, as limits.row_size in a run.
local MOST = 32 * 1024 * 1024

local OPTIONS = { "content" }

local err = ffi.new "struct dm_error"

---What stands for files as samples.
---@param roots string|string[] folders, files or globs
---@param options { content: boolean? }? content: read the text of files that are text
---@return dm.Files
function M.new(roots, options)
  if type(roots) == "string" then roots = { roots } end
  if type(roots) ~= "table" or #roots == 0 then error("dm.files takes a folder, or a list of them", 2) end
  for _, root in ipairs(roots) do
    if type(root) ~= "string" then error("dm.files takes a folder, or a list of them", 2) end
  end
  for k, v in pairs(options or {}) do
    if k ~= "content" then
      error(('dm.files has no option "%s"%s'):format(tostring(k), suggest.hint(tostring(k), OPTIONS)), 2)
    end
    if type(v) ~= "boolean" then error("dm.files: content is true or false", 2) end
  end
  return setmetatable({ roots = roots, content = options ~= nil and options.content == true }, Files)
end

---Whether a value is one that M.new made.
---@param v any
---@return boolean
function M.is(v)
  return getmetatable(v) == Files
end

local function begin(self)
  self.scan = C.dm_scan_create()
  if self.scan == nil then error("memory ran short", 0) end
  ffi.gc(self.scan, C.dm_scan_destroy)
  for _, root in ipairs(self.roots) do
    if C.dm_scan_add(self.scan, root, err) < 0 then error(ffi.string(err.text), 0) end
  end
end

---The next file of a loop as JSON, and why it can not be read when that is so.
local function next_text(self)
  local out = kernel.out
  out.n = 0
  local status = C.dm_scan_next(self.scan, self.content and 1 or 0, MOST, out, err)
  if status == 0 then return nil end
  if status == C.DM_EMEMORY then error("memory ran short", 0) end
  local text = ffi.string(out.p, out.n)
  kernel.trim(0)
  return text, status < 0 and ffi.string(err.text) or nil
end

---What `for file, why in dm.files "docs/" do` calls: the next file as a plain table, and why it can not be read when
---that is so. Each loop begins anew.
---@param last table? the file before; nil at the start of a loop
---@return table? file
---@return string? why
function Files:__call(_, last)
  if last == nil then begin(self) end
  local text, why = next_text(self)
  if not text then return nil end
  return json.decode(text), why
end

---The files as the rows that a run reads: JSON, and why a file can not be read when that is so.
---@param files dm.Files
---@return fun(): string?, string?
function M.texts(files)
  begin(files)
  return function() return next_text(files) end
end

return M
