-- Accelerators that this process may use: an operator's are those of its worker.
local ffi = require "ffi"

local C = ffi.C

local M = {}

local visible

---Their numbers or names, as CUDA_VISIBLE_DEVICES and its like have them.
---@return string[]
function M.visible()
  if visible then return visible end
  local out = C.dm_text_out()
  out.n = 0
  if C.dm_devices(out) < 0 then error("not enough memory", 0) end
  visible = {}
  for name in ffi.string(out.p, out.n):gmatch "[^\n]+" do visible[#visible + 1] = name end
  return visible
end

return M
