-- What operators ask of the machine that runs them: `resources = { cpus = 2, gpus = 1, memory = "4GiB" }` in an
-- operator's class, or in the pipeline beside its parameters. A worker runs all operators of a pipeline, so that what
-- they ask adds up.
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"
local units = require "dm.units"

local M = {}

---@class dm.Resources of one worker
---@field cpus integer at least 1
---@field gpus integer
---@field memory integer bytes; 0: nobody says

local KEYS = { "cpus", "gpus", "memory" }
local MOST = 4096 -- of cpus and gpus: no machine has more

local function is_share(v)
  return type(v) == "number" and v >= 0 and v <= MOST
end

local function show(v)
  return type(v) == "string" and ("%q"):format(v) or type(v) == "number" and tostring(v) or "a " .. type(v)
end

---What is wrong with what an operator asks.
---@param asked any
---@return string?
function M.fault(asked)
  if type(asked) ~= "table" then return 'must be a table such as { cpus = 2, memory = "4GiB" }, not ' .. show(asked) end
  for _, key in ipairs(sorted_keys(asked)) do
    local v = asked[key]
    if key == "cpus" or key == "gpus" then
      if not is_share(v) then return ("%s must be a number from 0 to %d, not %s"):format(key, MOST, show(v)) end
    elseif key ~= "memory" then
      return ('has no key "%s"%s'):format(tostring(key), suggest.hint(tostring(key), KEYS))
    elseif not (type(v) == "number" or type(v) == "string") or (units.bytes(v) or 0) < 1 then
      return ('memory must be a size such as "4GiB", not %s'):format(show(v))
    end
  end
end

---The least whole number that is not below the sum of shares, which are not exact.
local function whole(sum)
  return math.ceil(sum - 1e-6)
end

---What one worker needs for all of these operators.
---@param ops dm.BaseOp[]
---@return dm.Resources
function M.sum(ops)
  local cpus, gpus, memory = 0, 0, 0
  for _, op in ipairs(ops) do
    local asked = op.resources or {}
    cpus, gpus = cpus + (asked.cpus or 0), gpus + (asked.gpus or 0)
    memory = memory + (asked.memory and units.bytes(asked.memory) or 0)
  end
  return { cpus = math.max(1, whole(cpus)), gpus = whole(gpus), memory = memory }
end

---"2 processors, 1 GPU, 4.3 GB of memory".
---@param r dm.Resources
---@return string
function M.show(r)
  local words = { units.plural(r.cpus, "processor") }
  if r.gpus > 0 then words[#words + 1] = units.plural(r.gpus, "GPU") end
  if r.memory > 0 then words[#words + 1] = units.show_bytes(r.memory) .. " of memory" end
  return table.concat(words, ", ")
end

return M
