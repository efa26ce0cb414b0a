-- dmhost completion SHELL: a script that completes dmhost's commands, options and arguments.
local problem = require "dm.problem"
local suggest = require "dm.suggest"

local M = {
  summary = "print a script that completes commands in a shell",
  usage = "dmhost completion SHELL",
  most = 1,
  options = {},
  notes = [[
SHELL is bash, zsh or fish. For a shell that runs:
  bash  source <(dmhost completion bash)
  zsh   source <(dmhost completion zsh)
  fish  dmhost completion fish | source
]],
}

local SHELLS = { "bash", "zsh", "fish" }

---@param values string[]
---@return integer exit status
function M.run(values)
  local shell = values[1]
  for _, known in ipairs(SHELLS) do
    if shell == known then
      io.write(require("dm.completion." .. shell).script())
      return 0
    end
  end
  local list = "one of " .. table.concat(SHELLS, ", ")
  if not shell then problem.raise("no shell is named", { next = "dmhost completion SHELL, " .. list }) end
  problem.raise(('there is no completion for the shell "%s"%s'):format(shell, suggest.hint(shell, SHELLS)),
    { next = list })
end

return M
