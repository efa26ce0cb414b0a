-- dmhost help [TOPIC]: a command of the table in dm.cli.main, or a chapter of the manual: a file of lua/help/, which
-- are in the binary.
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

---The chapters: the names of their files, and what they tell.
M.TOPICS = {
  { "running", "the commands; input, output, the run directory, exit status" },
  { "pipelines", "keys of the pipeline file, checks before a run, how many workers" },
  { "errors", "how errors read" },
  { "operators", "writing, trying and testing one" },
  { "samples", "reading and changing a row" },
  { "verbs", "what dmhost does to text and bytes for an operator" },
  { "llm", "operators that ask a model: requests, limits, the cache of replies" },
  { "clusters", "workers on other nodes" },
  { "tasks", "scripts: functions and commands side by side" },
  { "datamate", "process.yaml and the service: what is the same, what differs" },
  { "datajuicer", "recipe.yaml: what is the same, what differs" },
  { "building", "targets of make; the libraries that are used, and why" },
}

---A chapter of the manual, in Markdown.
---@param topic string
---@return string
function M.chapter(topic)
  return embedded.read("lua/help/" .. topic .. ".md")
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
  for _, topic in ipairs(M.TOPICS) do line(topic[1], topic[2]) end
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
      io.write(render(M.chapter(name)))
      return 0
    end
  end
  problem.raise(('there is no command or topic "%s"%s'):format(name, suggest.hint(name, all_names)),
    { next = "`dmhost help` lists the commands and topics" })
end

return M
