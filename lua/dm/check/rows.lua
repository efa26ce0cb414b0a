-- What becomes of the sample: rows that are none, and operators that fail on rows or let none through.
local guard = require "dm.check.guard"

---The reason that occurs most often.
local function most_frequent(reasons)
  local best, most = "", 0
  for reason, n in pairs(reasons) do
    if n > most or n == most and reason < best then best, most = reason, n end
  end
  return best
end

---Where an operator raised: in a file of the user, or else the operator's place in the pipeline.
local function place(entry, e)
  local _, file, line, col = guard.describe(e)
  return file and { file = file, line = line, col = col } or entry.at
end

local function rejected(entry, outcome)
  local at = place(entry, outcome.first)
  local all = outcome.rejected == outcome.rows
  local message = ("%s rejects %s of the sample: %s (%s)"):format(entry.name,
    all and "every row" or ("%d of %d rows"):format(outcome.rejected, outcome.rows), most_frequent(outcome.reasons),
    outcome.row)
  return { file = at.file, line = at.line, col = at.col, severity = all and not outcome.unsure and "error" or "warning",
    message = message, op = entry.i }
end

local function dropped(entry, outcome)
  return { file = entry.at.file, line = entry.at.line, col = entry.at.col, severity = "warning",
    message = ("%s drops every row of the sample (%d): %s"):format(entry.name, outcome.rows,
      most_frequent(outcome.drops)) }
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list, stages = {}, plan.stages
  if #stages.bad > 0 then
    local at = plan:place({ "input" }, true)
    local what = plan.documents and "files are rejected" or "rows of the sample are not JSON objects"
    list[1] = { file = at.file, line = at.line, col = at.col, severity = "warning",
      message = ("%d of %d %s: %s (%s)"):format(#stages.bad, #stages.bad + stages.rows, what, stages.bad[1].why,
        stages.bad[1].row) }
  end
  for i, entry in ipairs(plan.entries) do
    local outcome = stages.outcomes[i]
    if outcome.rejected > 0 then list[#list + 1] = rejected(entry, outcome) end
    if outcome.rows > 0 and outcome.dropped == outcome.rows then list[#list + 1] = dropped(entry, outcome) end
  end
  return list
end
