-- Whether the run in a run directory may be gone on with: it has begun, has not ended, and with the same code.
local folder_module = require "dm.run.folder"
local problem = require "dm.problem"
local sources = require "dm.sources"

local M = {}

---Whether a run in this directory got as far as its first commit.
---@param folder string
---@return boolean
function M.has_begun(folder)
  local file = io.open(folder .. "/journal", "rb")
  local begun = file ~= nil and file:seek "end" > 0
  if file then file:close() end
  return begun
end

---The exit status of the run in this directory, if it has ended: its receipt says so.
---@param folder string
---@return integer?
function M.status(folder)
  local receipt = folder_module.document(folder .. "/run.json")
  return receipt and receipt.status == "done" and (tonumber(receipt.exit_status) or 0) or nil
end

---Whether the run in this directory has ended.
---@param folder string
---@return boolean
function M.is_done(folder)
  return M.status(folder) ~= nil
end

---Which part of the plan differs from the one that the run was begun with.
local function changed_part(was, now)
  if was.binary ~= now.binary then return "dmhost itself" end
  if table.concat(was.settings, "\n") ~= table.concat(now.settings, "\n") then return "--set" end
  if was.sample ~= now.sample then return "--sample" end
  if was.limit ~= now.limit then return "--limit" end
  for i = 1, math.max(#was.sources, #now.sources) do
    local a, b = was.sources[i], now.sources[i]
    if not a or not b or a.path ~= b.path or a.text ~= b.text then return sources.file_of((b or a).path) end
  end
end

---The plan of the run in this directory, which has begun.
local function plan_of(folder)
  local plan = folder_module.own(folder, "plan.json", "start again with --force")
  if plan then return plan end
  problem.raise(folder .. "/plan.json is missing: what the run was begun with is not known",
    { next = "start again with --force" })
end

---Whether a run in this directory has begun, with the same code.
---@param folder string
---@param plan table as in plan.json
---@return boolean
function M.is_same(folder, plan)
  local was = M.has_begun(folder) and plan_of(folder)
  return was and not changed_part(was, plan) or false
end

---Refuses to go on with a run that was begun with other code.
---@param folder string
---@param plan table as in plan.json
function M.check(folder, plan)
  local was = M.has_begun(folder) and plan_of(folder)
  local part = was and changed_part(was, plan)
  if part then
    problem.raise(part .. " has changed since the run began",
      { next = "undo the change to go on, or start again with --force" })
  end
end

return M
