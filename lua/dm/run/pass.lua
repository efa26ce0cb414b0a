-- A run that is made of several, one behind the other: what each pass works on. The passes of a task of DataMate end at
-- its DuplicateFilesFilters, those of another pipeline at the operators that look at the whole corpus.
local M = {}

---The operators of one pass.
---@param p dm.Pipeline
---@param ops dm.BaseOp[] all of them
---@param pass integer? nil: the run is one, or the last of a task
---@return dm.BaseOp[]
function M.operators(p, ops, pass)
  if not pass then return ops end
  if p.task then return require("dm.datamate.twins").operators(ops, p.task.duplicates[pass]) end
  return require("dm.datajuicer.passes").operators(ops, pass)
end

---The file of rows that a pass reads.
---@param p dm.Pipeline
---@param pass integer?
---@return string? path nil: the input
function M.input(p, pass)
  return p.passes and p.passes:input(pass)
end

---The file of rows that a pass writes.
---@param p dm.Pipeline
---@param pass integer?
---@return string? path nil: the output
function M.output(p, pass)
  if p.passes then return p.passes:output(pass) end
  return pass and require("dm.datamate.twins").folder(p.task.folder, pass) .. "/files.jsonl"
end

return M
