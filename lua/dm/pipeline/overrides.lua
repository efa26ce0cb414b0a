-- What the command line gives in place of the pipeline's: --set OPERATOR.KEY=VALUE, --set limits.KEY=VALUE.
local problem = require "dm.problem"
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"

local M = {}

---"3", "true", "null" and quoted text as Lua values; anything else is a string.
local function literal(text)
  if text == "true" or text == "false" then return text == "true" end
  if text == "null" then return require("dm.sample").null end
  return tonumber(text) or text:match '^"(.*)"$' or text
end

---Takes settings apart. Raises a problem for one that is not of that form.
---@param settings string[] "OP.KEY=V"
---@return table<string, table<string, any>> parameters by operator's name; those of the pipeline's limits by "limits"
function M.parse(settings)
  local overrides = {}
  for _, s in ipairs(settings) do
    local name, key, value = s:match "^(.+)%.([%w_]+)=(.*)$"
    if not name then
      problem.raise(('--set takes OPERATOR.KEY=VALUE, not "%s"'):format(s),
        { next = "for example --set text_length_filter.min_len=100" })
    end
    overrides[name] = overrides[name] or {}
    overrides[name][key] = literal(value)
  end
  return overrides
end

---Raises a problem when they are for an operator that the pipeline has not.
---@param overrides table<string, table<string, any>>
---@param used table<string, any> has the names of the pipeline's operators as keys
function M.check(overrides, used)
  local names = sorted_keys(used)
  for _, name in ipairs(sorted_keys(overrides)) do
    if not used[name] and name ~= "limits" then
      problem.raise(('--set: the pipeline has no operator "%s"%s'):format(name, suggest.hint(name, names)),
        { next = #names > 0 and "its operators are " .. table.concat(names, ", ") or nil })
    end
  end
end

return M
