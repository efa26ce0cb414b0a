-- Completion of dmhost in the language of fish.
local completion = require "dm.completion"

local M = {}

local function quote(text)
  return "'" .. text:gsub("\\", "\\\\"):gsub("'", "\\'") .. "'"
end

local FILES = {
  files = "__fish_complete_path (commandline -ct)",
  folders = "__fish_complete_directories (commandline -ct)",
  lua = "__fish_complete_suffix .lua .yaml .yml",
}

---What -a takes: words, or a command that prints them.
local function candidates(kind, words)
  return quote(words[kind] and table.concat(words[kind], " ") or "(" .. FILES[kind] .. ")")
end

local function option(command, o, words)
  local value = o.takes == "text" and " -x" or o.takes and " -x -a " .. candidates(o.takes, words) or ""
  return ("complete -c dmhost -n '__fish_seen_subcommand_from %s' -l %s%s%s -d %s\n"):format(command.name, o.long,
    o.short and " -s " .. o.short or "", value, quote(o.doc))
end

---@return string
function M.script()
  local words = completion.words()
  local out = { "# Completion of dmhost for fish, made by `dmhost completion fish`.\ncomplete -c dmhost -f\n" }
  for _, command in ipairs(completion.commands()) do
    out[#out + 1] = ("complete -c dmhost -n __fish_use_subcommand -a %s -d %s\n"):format(command.name,
      quote(command.summary))
    for _, o in ipairs(command.options) do out[#out + 1] = option(command, o, words) end
    for _, kind in ipairs(completion.kinds(command)) do
      out[#out + 1] = ("complete -c dmhost -n '__fish_seen_subcommand_from %s' -a %s\n"):format(command.name,
        candidates(kind, words))
    end
  end
  return table.concat(out)
end

return M
