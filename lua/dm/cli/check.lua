-- dmhost check PIPELINE...: everything that can be wrong before a run, as editors read it.
local check = require "dm.check"
local problem = require "dm.problem"
local utf8 = require "dm.utf8"
local sample = require "dm.sample"
local visible = require("dm.trace.paint").visible
local plural = require("dm.units").plural

local M = {
  summary = "say everything that is wrong with a pipeline, without running it",
  usage = "dmhost check PIPELINE.lua... [OPTIONS]",
  options = {
    { "input", short = "i", value = "PATH", list = true, doc = "input instead of the pipeline's; may be repeated" },
    { "output", short = "o", value = "PATH", doc = "output instead of the pipeline's" },
    { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
    { "set", value = "OP.KEY=V", list = true, doc = "a parameter of an operator, or limits.KEY=V; may be repeated" },
    { "json", doc = "one JSON object a line: file, line, col, severity, message" },
  },
  notes = [[
Prints FILE:LINE:COL: error|warning: MESSAGE for all that it finds: syntax, keys, operators, parameters, missing
resources, inputs that match nothing, outputs that exist, globals, and regular expressions that may take very long.
Operators are made, and tried on rows from the beginning of the input: fields that no row has, or that an operator
before has removed, and operators that reject or drop every row are found too. All this in a process of its own.

exit status: 0 no errors (there may be warnings); 2 errors
]],
}

local function show(finding)
  local col = finding.col and finding.col .. ":" or ""
  io.write(("%s:%d:%s %s: %s\n"):format(visible(finding.file), finding.line, col, finding.severity,
    visible(finding.message)))
end

local function show_json(finding)
  finding.file, finding.message = utf8.clean(finding.file), utf8.clean(finding.message)
  io.write(tostring(sample.sample(finding)), "\n")
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  if not values[1] then problem.raise("no pipeline is given", { next = M.usage }) end
  local count = { error = 0, warning = 0 }
  local tried = 0
  for _, path in ipairs(values) do
    local findings, rows, needed = check.pipeline(path, values)
    tried = tried + (rows or 0)
    for _, finding in ipairs(findings) do
      finding.message = finding.message:gsub("%s*\n%s*", "; ") -- what is wrong, and what to do
      count[finding.severity] = count[finding.severity] + 1
      local write = values.json and show_json or show
      write(finding)
    end
    if needed and not values.json then io.stderr:write(("%s: each worker needs %s\n"):format(visible(path), needed)) end
  end
  io.stdout:flush()
  if not values.json then
    io.stderr:write(("%s, %s; %s tried\n"):format(plural(count.error, "error"), plural(count.warning, "warning"),
      plural(tried, "row")))
  end
  return count.error > 0 and 2 or 0
end

return M
