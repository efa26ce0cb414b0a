-- Files and folders as they lie on disk now. What a run is made of is read through dm.sources, which remembers it.
local ffi = require "ffi"

local M = {}

---All bytes of a file.
---@param path string
---@return string? text
---@return string? why it can not be read, with its path
function M.read(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local text, message = file:read "*a"
  file:close()
  if not text then return nil, path .. ": " .. message end
  return text
end

---Writes a file.
---@param path string
---@param text string
---@return string? why it could not, with its path
function M.write(path, text)
  local file, why = io.open(path, "wb")
  if not file then return why end
  local written, wrong = file:write(text)
  local closed, late = file:close()
  if not (written and closed) then return path .. ": " .. (wrong or late) end
end

---Writes a file, which is whole when it has its name; one that is there is replaced.
---@param path string
---@param text string
---@return string? why it could not, with its path
function M.replace(path, text)
  local new = path .. ".new"
  local why = M.write(new, text)
  if not why then
    local done
    done, why = os.rename(new, path)
    if done then return nil end
  end
  os.remove(new)
  return why
end

---The names that stand in a folder, sorted.
---@param folder string
---@return string[]? names
---@return string? why it can not be read
function M.names(folder)
  local out, err, list = ffi.C.dm_text_out(), ffi.new "struct dm_error", {}
  out.n = 0
  if ffi.C.dm_folder_names(folder, out, err) < 0 then return nil, ffi.string(err.text) end
  for name in ffi.string(out.p, out.n):gmatch "[^\n]+" do list[#list + 1] = name end
  table.sort(list)
  return list
end

---The folder in which a path lies, by its text.
---@param path string
---@return string "." where it names none
function M.folder_of(path)
  local folder = path:match "^(.*)/[^/]*$"
  return folder == "" and "/" or folder or "."
end

---A path without links, dots and double slashes; of what is not there as it is.
---@param path string
---@return string
function M.real(path)
  local out, err = ffi.C.dm_text_out(), ffi.new "struct dm_error"
  out.n = 0
  if ffi.C.dm_export_real(path, out, err) < 0 then error(ffi.string(err.text), 0) end
  return ffi.string(out.p, out.n)
end

return M
