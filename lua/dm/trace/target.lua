-- What try, dev and explain have in common: their arguments, and how they end.
local problem = require "dm.problem"
local session = require "dm.trace.session"
local show = require "dm.problem.show"

local M = {}

---Options that say what is loaded.
M.OPTIONS = {
  { "eval", short = "e", value = "TEXT", doc = "the pipeline as text" },
  { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
  { "set", value = "OP.KEY=V", list = true, doc = "a parameter of an operator, or limits.KEY=V; may be repeated" },
}

---@param list dm.Option[]
---@return dm.Option[] with M.OPTIONS
function M.with_options(list)
  for _, option in ipairs(M.OPTIONS) do list[#list + 1] = option end
  return list
end

---What is to be loaded, and the inputs that were named.
---@param values table options and arguments
---@param needs string what to say when there is nothing
---@param usage string how the command is used
---@return dm.LoadSpec
---@return string[] inputs
function M.of(values, needs, usage)
  local target = values.eval and "(-e)" or values[1]
  if not target then problem.raise(needs, { next = usage }) end
  local inputs = {}
  for i = values.eval and 1 or 2, #values do inputs[#inputs + 1] = values[i] end
  return { target = target, eval = values.eval, folders = values.ops or {}, settings = values.set or {} }, inputs
end

---For xpcall: what was raised as a problem, but { stop = exit status } as it is.
---@param raised any
---@return dm.Problem|{ stop: integer }
function M.catch(raised)
  if type(raised) == "table" and raised.stop then return raised end
  return problem.catch(raised)
end

---Runs a command's session: what it raises is printed, and its exit status is 2.
---@param main fun(): integer
---@param as_json boolean? whether it is printed for machines
---@return integer for dm.cli.main
function M.run(main, as_json)
  return session.begin(function()
    local ok, result = xpcall(main, M.catch)
    if ok then return result end
    if not problem.is(result) then return result.stop end
    show.print(result, as_json and "json" or nil)
    return 2
  end)
end

return M
