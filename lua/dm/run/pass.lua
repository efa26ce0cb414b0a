-- A run that is made of several, one behind the other: which operators are in which.
local M = {}

---The operators of one pass: of a task of DataMate up to a DuplicateFilesFilter, of another pipeline between those that
---look at the whole corpus.
---@param p dm.Pipeline
---@param ops dm.BaseOp[] all of them
---@param pass integer? nil: the run is one
---@return dm.BaseOp[]
function M.operators(p, ops, pass)
  if not pass then return ops end
  if p.task then return require("dm.datamate.twins").operators(ops, p.task.duplicates[pass]) end
  return require("dm.datajuicer.passes").operators(ops, pass)
end

return M
