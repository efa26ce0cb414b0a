-- dmhost help [TOPIC]: a command of the table in dm.cli.main, or a chapter of the README, which is in the binary.
local embedded = require "dm.embedded"
local options = require "dm.cli.options"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local reflow = require "dm.cli.reflow"
local suggest = require "dm.suggest"
local terminal = require "dm.terminal"

local M = {
  summary = "all commands, one in full, or a chapter of the manual",
  usage = "dmhost help [COMMAND|TOPIC]",
  most = 1,
  options = {},
}

---The chapters: what they are called here, their heading in the README, and what they tell.
M.TOPICS = {
  { "running", "Running", "input, output, the run directory, exit status" },
  { "errors", "When something goes wrong", "how errors read" },
  { "pipelines", "The pipeline file", "its keys, their defaults" },
  { "operators", "Operators", "writing one: parameters, examples, tests" },
  { "samples", "Samples", "reading and changing a row" },
  { "clusters", "Clusters", "workers on other nodes" },
  { "verbs", "Verbs", "what dmhost does to text for an operator" },
  { "tasks", "Tasks", "scripts: functions and commands side by side" },
  { "datamate", "Coming from DataMate", "process.yaml: what is the same, what differs" },
  { "datajuicer", "Coming from Data-Juicer", "recipe.yaml: what is the same, what differs" },
}

---A chapter of the README: from its heading to the next one of its level.
---@param title string
---@return string
function M.chapter(title)
  local lines, level = {}, nil
  for line in embedded.read "README.md":gmatch "([^\n]*)\n" do
    local marks, name = line:match "^(#+) (.*)$"
    if level and marks and #marks <= level then break end
    if name == title then level = #marks end
    if level then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n"):gsub("%s*$", "\n")
end

-- What is written here fits so many columns.
local WIDE = 120

local function narrow(text)
  local columns = terminal.columns(1)
  return columns and columns < WIDE and reflow(text, columns) or text
end

---Markdown as a terminal shows it: headings in bold, links by their names. Elsewhere it stays Markdown.
local function render(text)
  text = narrow(text)
  if not terminal.has_colour(1) then return text end
  text = ("\n" .. text):gsub("\n#+ ([^\n]*)", "\n\27[1m%1\27[0m"):gsub("%*%*([^*]+)%*%*", "\27[1m%1\27[0m")
  return (text:gsub("%[([^%]]+)%]%([^)\n]+%)", "%1"):sub(2))
end

local function line(name, text)
  io.write(paint_module.hang(("  %-11s "):format(name), text), "\n")
end

local function all(names)
  io.write(paint_module.hang("usage: ", "dmhost COMMAND [OPTIONS] [ARGUMENTS]"), "\n\n")
  for _, name in ipairs(names) do line(name, require("dm.cli." .. name).summary) end
  io.write("\nchapters of the manual\n")
  for _, topic in ipairs(M.TOPICS) do line(topic[1], topic[3]) end
  io.write("\n", paint_module.hang("", "`dmhost help COMMAND` or `dmhost help TOPIC` shows one in full."), "\n")
  return 0
end

local function show_command(command)
  io.write(paint_module.hang("usage: ", command.usage), "\n\n", paint_module.hang("", command.summary), "\n")
  if #command.options > 0 then io.write("\n", options.help(command.options), "\n") end
  if command.notes then io.write("\n", narrow(command.notes)) end
  return 0
end

---@param values string[]
---@return integer exit status
function M.run(values)
  local names = require("dm.cli.main").COMMANDS
  local name, all_names = values[1], { unpack(names) }
  if not name then return all(names) end
  for _, known in ipairs(names) do
    if known == name then return show_command(require("dm.cli." .. name)) end
  end
  for _, topic in ipairs(M.TOPICS) do
    all_names[#all_names + 1] = topic[1]
    if topic[1] == name then
      io.write(render(M.chapter(topic[2])))
      return 0
    end
  end
  problem.raise(('there is no command or topic "%s"%s'):format(name, suggest.hint(name, all_names)),
    { next = "`dmhost help` lists the commands and topics" })
end

return M
