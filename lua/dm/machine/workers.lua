-- How many workers a run has where nobody says: as many as processors, memory and accelerators of this machine hold.
local devices = require "dm.machine.devices"
local machine = require "dm.machine"
local problem = require "dm.problem"
local units = require "dm.units"

local M = {}

---What a worker is taken to need where neither operators nor limits.memory say.
local MEMORY = 512 * 2 ^ 20

---@param p dm.Pipeline whose operators have been made
---@return integer workers
---@return string? bound why there are not more; nil: processors
function M.auto(p)
  local needed = p.resources
  local n = math.max(1, math.floor(machine.processors() / needed.cpus))
  local bound
  local function at_most(most, what)
    if most < n then n, bound = most, what end
  end
  if needed.gpus > 0 then
    local visible = #devices.visible()
    if visible < needed.gpus then
      problem.raise(("the operators need %s for each worker, and this machine shows %d"):format(
        units.plural(needed.gpus, "GPU"), visible),
        { next = "--engine finds nodes that have them; -j N runs it all the same" })
    end
    at_most(math.floor(visible / needed.gpus), units.plural(visible, "GPU"))
  end
  local each = p.given_limits.memory and p.limits.memory or math.max(needed.memory, MEMORY)
  local room = machine.memory().room
  at_most(math.max(1, math.floor(room / each)), ("%s of memory, %s each"):format(units.show_bytes(room),
    units.show_bytes(each)))
  return n, bound and "no more for " .. bound
end

return M
