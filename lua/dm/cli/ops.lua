-- dmhost ops [NAME]: the catalogue of operators, or one in full.
local catalogue = require "dm.catalogue"
local problem = require "dm.problem"
local registry = require "dm.registry"

local M = {
  summary = "list the operators, or show one in full",
  usage = "dmhost ops [OPERATOR] [--json] [--markdown]",
  options = {
    { "json", doc = "one JSON object a line: name, kind, summary, parameters, examples" },
    { "markdown", doc = "all of them as a document" },
  },
}

local function list()
  for _, class in ipairs(catalogue.all()) do
    io.write(("%-7s %-34s %s\n"):format(class.kind, class.name, class.summary))
  end
  return 0
end

local function show_params(params)
  for _, p in ipairs(params) do
    io.write(("  %-22s %-8s %-16s %s\n"):format(p[1], p[2], catalogue.show_default(p), p.doc or ""))
  end
end

local function show(class)
  io.write(class.name, " (", class.kind, class.origin and ", as in " .. class.origin or "", ")\n\n",
    class.summary, "\n\n")
  for _, whose in ipairs { "own", "measure", "waiting", "all" } do show_params(catalogue.params(class, whose)) end
  return 0
end

---@param values string[]
---@return integer exit status
function M.run(values)
  if values.markdown then
    io.write(catalogue.markdown())
    return 0
  end
  if not values[1] then
    if not values.json then return list() end
    for _, class in ipairs(catalogue.all()) do io.write(catalogue.json(class), "\n") end
    return 0
  end
  local class, why, next_step = registry.get(values[1])
  if not class then problem.raise(why, { next = next_step }) end
  if not values.json then return show(class) end
  io.write(catalogue.json(class), "\n")
  return 0
end

return M
