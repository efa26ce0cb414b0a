-- dmhost version
local M = { summary = "print the version", usage = "dmhost version", most = 0, options = {}, VERSION = "0.1.0" }

---@return integer exit status
function M.run()
  io.write("dmhost ", M.VERSION, "\n")
  return 0
end

return M
