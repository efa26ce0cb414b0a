-- One spec file, run by busted (Debian's package lua-busted) in a process of its own. busted reports to dm.test.told,
-- an output handler of ours, which tells the process that waits.
local M = {}

---@param words string[] path of the file
---@return integer exit status
function M.inside(words)
  -- each file has a process to itself, so that busted need not restore globals and modules
  _G.arg = { [0] = "busted", "-o", "dm.test.told", "--no-auto-insulate", words[1] }
  require "busted.runner" { standalone = false }
  return 0
end

return M
