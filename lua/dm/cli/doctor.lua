-- dmhost doctor: what this build is linked with, and what the machine allows.
local ffi = require "ffi"

local M = { summary = "versions and limits, and what is missing", usage = "dmhost doctor", options = {} }

local function row(name, value)
  io.write(("%-12s %s\n"):format(name, value))
end

---@return integer exit status
function M.run()
  local error_buffer = ffi.new "struct dm_buf[1]"
  row("dmhost", require("dm.cli.version").VERSION)
  row("LuaJIT", jit.version .. (ffi.abi "gc64" and ", 64-bit heap" or ", 32-bit heap: too small for dmhost"))
  row("JIT", jit.status() and "on" or "off")
  row("cjson", require("cjson")._VERSION)
  row("processors", tostring(ffi.C.dm_processors()))
  if ffi.C.dm_versions(error_buffer) == 0 then
    io.write(ffi.string(error_buffer[0].p, error_buffer[0].n))
  end
  return ffi.abi "gc64" and 0 or 1
end

return M
