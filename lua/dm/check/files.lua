-- Inputs that match nothing, and outputs that are there already.
local ffi = require "ffi"

local C = ffi.C

local function kind_of(output)
  if output == "-" then return nil end
  if output:find("{file}", 1, true) then return C.DM_TO_EACH end
  return (output:sub(-1) == "/" or C.dm_is_folder(output) == 1) and C.DM_TO_FOLDER or C.DM_TO_FILE
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list = {}
  local function add(at, message)
    list[#list + 1] = { file = at.file, line = at.line, col = at.col, severity = "error", message = message }
  end
  for _, fault in ipairs(plan.input_faults) do
    local many = not fault.given and type(plan.given.input) == "table"
    add(plan:place({ "input", many and fault.i or nil }, true), fault.what)
  end
  local output = plan.output
  local kind = type(output) == "string" and output ~= "" and kind_of(output)
  local taken = kind and C.dm_output_taken(output, kind)
  if taken == C.DM_OUTPUT_SPECIAL then
    add(plan:place({ "output" }, true), output .. " is not a regular file; - is standard output")
  elseif taken == C.DM_OUTPUT_TAKEN then
    add(plan:place({ "output" }, true),
      output .. " exists; choose another output, or replace it with `dmhost run --force`")
  end
  return list
end
