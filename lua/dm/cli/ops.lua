-- dmhost ops [NAME]: the catalogue of operators, or one in full.
local registry = require "dm.registry"

local M = {
  summary = "list the operators, or show one in full",
  usage = "dmhost ops [NAME]",
  options = {},
}

local KINDS = { "mapper", "filter", "slicer", "llm" }

local function list()
  local by_kind = {}
  for _, name in ipairs(registry.names()) do
    local class = assert(registry.get(name))
    by_kind[class.kind] = by_kind[class.kind] or {}
    table.insert(by_kind[class.kind], class)
  end
  for _, kind in ipairs(KINDS) do
    for _, class in ipairs(by_kind[kind] or {}) do
      io.write(("%-7s %-34s %s\n"):format(kind, class.name, class.summary))
    end
  end
  return 0
end

local function show(class)
  io.write(class.name, " (", class.kind, class.origin and ", as in " .. class.origin or "", ")\n\n",
    class.summary, "\n\n")
  for _, p in ipairs(class.params) do
    local default = p.required and "required" or "default " .. tostring(p.default)
    io.write(("  %-22s %-8s %-16s %s\n"):format(p[1], p[2], default, p.doc or ""))
  end
  return 0
end

---@param values string[]
---@return integer exit status
function M.run(values)
  if not values[1] then return list() end
  local class, why = registry.get(values[1])
  if class then return show(class) end
  io.stderr:write("dmhost: ops: ", why, "\n")
  return 2
end

return M
