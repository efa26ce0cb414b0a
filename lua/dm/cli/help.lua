-- dmhost help [TOPIC]
local options = require "dm.cli.options"
local problem = require "dm.problem"
local suggest = require "dm.suggest"

local M = { summary = "all commands, or one in full", usage = "dmhost help [COMMAND]", options = {} }

local function all(names)
  io.write("usage: dmhost COMMAND [OPTIONS] [ARGUMENTS]\n\n")
  for _, name in ipairs(names) do
    io.write(("  %-10s %s\n"):format(name, require("dm.cli." .. name).summary))
  end
  io.write("\n`dmhost help COMMAND` shows one in full.\n")
  return 0
end

---@param values string[]
---@return integer exit status
function M.run(values)
  local names = require("dm.cli").COMMANDS
  local name = values[1]
  if not name then return all(names) end
  for _, known in ipairs(names) do
    if known == name then
      local command = require("dm.cli." .. name)
      io.write("usage: ", command.usage, "\n\n", command.summary, "\n")
      if #command.options > 0 then io.write("\n", options.help(command.options), "\n") end
      if command.notes then io.write("\n", command.notes) end
      return 0
    end
  end
  problem.raise(('there is no command "%s"%s'):format(name, suggest.hint(name, names)),
    { next = "`dmhost help` lists the commands" })
end

return M
