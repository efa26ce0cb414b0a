-- What can stand at each place of a dmhost command line, from the table that --help is made of; dm.completion.bash,
-- .zsh and .fish write it in the language of a shell.
local registry = require "dm.registry"
local sorted_keys = require "dm.sorted_keys"

local M = {}

---@class dm.completion.Option
---@field long string without dashes
---@field short string? without a dash
---@field doc string
---@field takes string? kind of its value: a key of KINDS; "text" for what can not be known
---@field list boolean? may be repeated

---@class dm.completion.Command
---@field name string
---@field summary string
---@field options dm.completion.Option[]
---@field takes table<string, boolean> kinds of its arguments

---Words of usage lines and options, and what completes them: "lua" and YAML files, "files", "folders", or some words.
local KINDS = {
  PIPELINE = "lua", ["PIPELINE.lua"] = "lua", FILE = "files", IN = "files", PATH = "files", DIR = "folders",
  RUN = "folders", OPERATOR = "operators", COMMAND = "commands", TOPIC = "topics", SHELL = "shells",
  FORMAT = "formats", ["OP.KEY=V"] = "operators",
}

local function option_of(o)
  return {
    long = o[1], short = o.short, doc = o.doc, list = o.list,
    takes = o.value and (KINDS[o.value] or "text"),
  }
end

local HELP = { long = "help", short = "h", doc = "what the command does, and its options" }

---The words of a usage line that stand for themselves: "stats|clear".
local function literal(usage)
  return usage:match "%f[%w]%l+|[%l|]+"
end

---Kinds of the words in a usage line that are arguments: not those behind an option. Literal ones are of a kind that is
---named after the command.
local function arguments(name, usage)
  local takes = { [name] = literal(usage) and true }
  for word in usage:gsub("%-%-?%w+ %u+", ""):gsub("%.%.%.", ""):gmatch "%f[%w]%u%u[%w.]*" do
    if KINDS[word] then takes[KINDS[word]] = true end
  end
  return takes
end

---@return dm.completion.Command[]
function M.commands()
  local list = {}
  for i, name in ipairs(require("dm.cli.main").COMMANDS) do
    local command, options = require("dm.cli." .. name), {}
    for k, o in ipairs(command.options) do options[k] = option_of(o) end
    options[#options + 1] = HELP
    list[i] = { name = name, summary = command.summary, options = options, takes = arguments(name, command.usage) }
  end
  return list
end

---The words of each kind that has a list.
---@return table<string, string[]>
function M.words()
  local commands, topics = {}, {}
  local words = {
    commands = commands, topics = topics, operators = registry.builtin_names(), formats = { "text", "json" },
    shells = { "bash", "zsh", "fish" },
  }
  for i, name in ipairs(require("dm.cli.main").COMMANDS) do
    commands[i] = name
    for word in (literal(require("dm.cli." .. name).usage) or ""):gmatch "%l+" do
      words[name] = words[name] or {}
      table.insert(words[name], word)
    end
  end
  for i, topic in ipairs(require("dm.cli.help").TOPICS) do topics[i] = topic[1] end
  return words
end

---The kinds of a command's arguments, in a fixed order.
---@param command dm.completion.Command
---@return string[]
function M.kinds(command)
  return sorted_keys(command.takes)
end

return M
