-- What a task does: a function with its arguments, or a command; and how what was submitted is told apart.
local process = require "dm.process"
local units = require "dm.units"

local M = {}

---What a task may be given beside what a command may.
---@type dm.Param[]
M.OPTIONS = {
  { "retries", "integer", default = 0, min = 0, doc = "how often it is tried again when it fails" },
  { "backoff", "string|number", default = "1s", doc = "the pause before the first retry; it doubles, up to 5 minutes" },
  { "resume", "boolean", default = false, doc = "run it again when the host ended while it ran" },
}

local OWN = {}
for _, option in ipairs(M.OPTIONS) do OWN[option[1]] = true end

---Work as the scheduler keeps it: small, and nothing of it is the caller's.
---@class dm.Work
---@field run function? a function task's
---@field arguments any[]? its arguments
---@field n integer? how many those are
---@field command string|string[]|nil a command task's
---@field given table<string, any>? options, when there are any

---A copy, as deep as options are.
local function copy(value)
  if type(value) ~= "table" then return value end
  local own = {}
  for k, v in pairs(value) do own[k] = v end
  return own
end

local function merge(given, more)
  if type(more) ~= "table" then error("the options of a command are a table, not a " .. type(more), 0) end
  given = given or {}
  for key, value in pairs(more) do given[key] = copy(value) end
  return given
end

---The list and the options of a table.
local function part(t)
  local list, given = {}, nil
  for key, value in pairs(t) do
    if type(key) == "number" then list[key] = value else given = merge(given, { [key] = value }) end
  end
  return list, given
end

---What a command is given as a process, without what is the task's.
local function of_process(given)
  local options = {}
  for key, value in pairs(given or {}) do
    if not OWN[key] then options[key] = value end
  end
  return options
end

---The process that a command is.
---@param work dm.Work
---@return dm.Command
function M.settle(work)
  return process.settle(work.command, of_process(work.given))
end

---Milliseconds of an option; nil without it.
---@param work dm.Work
---@param name string
---@return number?
function M.time(work, name)
  local value = work.given and work.given[name]
  if value == nil then return nil end
  return units.milliseconds(value) or error(('"%s" is not a value for %s'):format(tostring(value), name), 0)
end

-- What a function may be given: nothing of what is for processes.
local FOR_FUNCTIONS = { retries = true, backoff = true, timeout = true, grace = true }

local function check_options(work)
  local given = work.given or {}
  for name, kind in pairs { retries = "number", resume = "boolean" } do
    if given[name] ~= nil and type(given[name]) ~= kind then error(("%s takes a %s"):format(name, kind), 0) end
  end
  if given.retries and (given.retries < 0 or given.retries % 1 ~= 0) then
    error("retries takes a whole number of at least 0", 0)
  end
  for _, name in ipairs { "backoff", "timeout", "grace" } do M.time(work, name) end
  if work.command then
    M.settle(work)
    return work
  end
  for name in pairs(given) do
    if not FOR_FUNCTIONS[name] then error(('a function task takes no option "%s"'):format(name), 0) end
  end
  return work
end

---Reads what was submitted. Raises when it is nothing that can be run.
---@param what function|string|table a function, a line, or a list that begins with a function or is a command; options
---  as named fields of the list
---@param ... any a function's arguments; a command's options
---@return dm.Work
function M.of(what, ...)
  local list, given = what, nil
  if type(what) == "table" then list, given = part(what) end
  if type(what) == "function" then
    local n = select("#", ...)
    return { run = what, arguments = n > 0 and { ... } or nil, n = n }
  end
  if type(list) == "table" and type(list[1]) == "function" then
    local n = #list - 1
    return check_options { run = list[1], arguments = { unpack(list, 2) }, n = n, given = given }
  end
  if type(list) ~= "string" and type(list) ~= "table" then
    error("a task is a function or a command, not a " .. type(what), 0)
  end
  if ... ~= nil then given = merge(given, ...) end
  return check_options { command = list, given = given }
end

return M
