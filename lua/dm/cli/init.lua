-- argv -> command. Each command is a module dm.cli.<name> with run(args) -> exit status.
local M = {}

---@param args string[]
---@return integer exit status
function M.main(args)
  local name = table.remove(args, 1)
  local ok, command = pcall(require, "dm.cli." .. tostring(name))
  if not ok then
    io.stderr:write("dmhost: unknown command ", tostring(name), "\n")
    return 2
  end
  return command.run(args)
end

return M
