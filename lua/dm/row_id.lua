-- Row ids: FILE@OFFSET, the offset in the decompressed file; what a slicer makes of a row adds #1, #2 ...
local M = {}

---What to do about an id that is none.
M.FORM = "for example data/a.jsonl@1042, as messages, ledger and rejects name rows"

---@param path string
---@param offset number
---@return string id
function M.of(path, offset)
  return ("%s@%.0f"):format(path, offset)
end

---Takes an id apart.
---@param id string
---@return string? path nil when it is none
---@return number? offset
---@return string? child "" or "#1#2"
function M.parse(id)
  local path, offset, child = id:match "^(.+)@(%d+)([#%d]*)$"
  if not path or child ~= "" and not child:find "^#%d+[#%d]*$" then return nil end
  return path, tonumber(offset), child
end

return M
