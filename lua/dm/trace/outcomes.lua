-- What became of many rows, in short, and how that differs from what became of them before.
local M = {}

---@class dm.Outcome
---@field outcome "kept"|"dropped"|"rejected"
---@field key string the same for the same outcome and content
---@field touched table<integer, boolean> operators that did something

local function key_of(outcome, hash)
  return outcome .. hash
end

---Whether a record says the same of its row as the tracer told in short before.
---@param outcome dm.Outcome
---@param record dm.Record
---@return boolean
function M.is_same(outcome, record)
  return outcome.key == key_of(record.outcome, ("%.0f"):format(record.hash or 0))
end

---Takes apart what the tracer tells of a row without steps.
---@param digest string
---@return dm.Outcome
function M.parse(digest)
  local outcome, hash, touched = digest:match "^(%a+) %-?%d+ (%d+) (.*)$"
  local set = {}
  for i in touched:gmatch "%d+" do set[tonumber(i)] = true end
  return { outcome = outcome, key = key_of(outcome, hash), touched = set }
end

---How many rows have each outcome.
---@param list dm.Outcome[]
---@return table<string, integer>
function M.count(list)
  local count = { kept = 0, dropped = 0, rejected = 0 }
  for _, o in ipairs(list) do count[o.outcome] = count[o.outcome] + 1 end
  return count
end

---@class dm.Change
---@field rows integer[] places of rows whose outcome or content differs
---@field changed integer how many
---@field now_kept integer of those with another outcome: how many are kept now
---@field now_dropped integer
---@field now_rejected integer

---@param before dm.Outcome[]
---@param now dm.Outcome[]
---@return dm.Change
function M.compare(before, now)
  local change = { rows = {}, now_kept = 0, now_dropped = 0, now_rejected = 0 }
  for i, o in ipairs(now) do
    local old = before[i]
    if not old or old.key ~= o.key then
      change.rows[#change.rows + 1] = i
      if not old or old.outcome ~= o.outcome then
        change["now_" .. o.outcome] = change["now_" .. o.outcome] + 1
      end
    end
  end
  change.changed = #change.rows
  return change
end

return M
