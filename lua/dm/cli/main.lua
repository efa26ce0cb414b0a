-- The door of the command line: argv -> command. Each command is a module dm.cli.<name> with `summary`, `usage`,
-- `most` (how many arguments it takes; nil: any number), `options` and run(values) -> exit status.
local options = require "dm.cli.options"
local problem = require "dm.problem"
local show = require "dm.problem.show"
local suggest = require "dm.suggest"

local M = {}

---The commands, in the order of the help.
M.COMMANDS = {
  "run", "serve", "try", "dev", "check", "test", "new", "init", "explain", "status", "logs", "cancel", "profile",
  "cache", "ops", "lua", "doctor", "completion", "version", "help",
}

local GUIDE = [[
dmhost %s - runs pipelines of Lua operators over JSONL corpora

  dmhost run PIPELINE.lua              run a pipeline
  dmhost run -e 'return dm.pipeline{ input = "in.jsonl", output = "-",
                  operators = { { "text_length_filter", min_len = 100 } } }'
  dmhost ops                           the operators that there are
  dmhost help                          all commands
  dmhost help run                      one command
]]

---@param e any
---@param format string?
---@return integer exit status
local function fail(e, format)
  show.print(e, format)
  return 2
end

---@param name string
---@return table? command
local function find(name)
  for _, known in ipairs(M.COMMANDS) do
    if known == name then return require("dm.cli." .. name) end
  end
end

---Runs the command that the arguments name; of what it raises, a problem is printed.
---@param args string[]
---@return integer exit status, or C.DM_RUN_JOB or C.DM_RUN_SESSION
function M.main(args)
  local name = table.remove(args, 1)
  if not name then
    io.write(GUIDE:format(require("dm.cli.version").VERSION))
    return 0
  end
  local alias = { ["--help"] = "help", ["-h"] = "help", ["--version"] = "version" }
  name = alias[name] or name
  local command = find(name)
  if not command then
    return fail(problem.new(('there is no command "%s"%s'):format(name, suggest.hint(name, M.COMMANDS)),
      { next = "`dmhost help` lists the commands" }))
  end
  if args[1] == "--help" or args[1] == "-h" then return require("dm.cli.help").run { name } end
  if command.raw then return command.run(args) end
  local values, wrong = options.parse(command.options, args)
  if not values then
    return fail(problem.new(name .. ": " .. wrong, { next = options.see(name) }))
  end
  if command.most and values[command.most + 1] then
    return fail(problem.new(('%s: the argument "%s" is one too many'):format(name, values[command.most + 1]),
      { next = command.usage }))
  end
  local ok, status = xpcall(command.run, problem.catch, values)
  return ok and status or fail(status, values["log-format"])
end

return M
