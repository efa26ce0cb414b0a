-- Completion of dmhost in the language of zsh.
local completion = require "dm.completion"

local HEAD = [=[
#compdef dmhost
# Completion of dmhost for zsh, made by `dmhost completion zsh`.

_dmhost_kind() {
  case $1 in
  files) _files ;;
  folders) _files -/ ;;
  lua) _files -g '*.(lua|yaml|yml)' ;;
]=]

local TAIL = [=[
  esac
}

_dmhost_arguments() {
  local kind
  for kind in $@; do _dmhost_kind $kind; done
}

_dmhost() {
  local -a commands=(
%s  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
%s  esac
}

if [[ $funcstack[1] == _dmhost ]]; then _dmhost "$@"; else compdef _dmhost dmhost; fi
]=]

local M = {}

---A text inside of single quotes, and inside of the brackets of _arguments.
local function quote(text)
  return (text:gsub("'", "'\\''"):gsub("[%[%]:]", "\\%0"))
end

-- A blank before an action: its words come alone, without _arguments' own.
local function specification(o)
  local value = o.takes and (o.takes == "text" and ":value:" or (":%s: _dmhost_kind %s"):format(o.takes, o.takes)) or ""
  local names = o.short and ("{-%s,--%s}"):format(o.short, o.long) or "--" .. o.long
  local exclusive = o.list and "'*'" or o.short and ("'(-%s --%s)'"):format(o.short, o.long) or ""
  return ("%s%s'[%s]%s'"):format(exclusive, names, quote(o.doc), value)
end

local function case(command)
  local lines = {}
  for i, o in ipairs(command.options) do lines[i] = "    " .. specification(o) end
  local kinds = completion.kinds(command)
  if #kinds > 0 then lines[#lines + 1] = ("    '*:argument: _dmhost_arguments %s'"):format(table.concat(kinds, " ")) end
  return ("  %s) _arguments -s \\\n%s ;;\n"):format(command.name, table.concat(lines, " \\\n"))
end

---@return string
function M.script()
  local lists, summaries, cases = {}, {}, {}
  for kind, list in pairs(completion.words()) do
    lists[#lists + 1] = ("  %s) compadd -- %s ;;\n"):format(kind, table.concat(list, " "))
  end
  table.sort(lists)
  for i, command in ipairs(completion.commands()) do
    summaries[i] = ("    '%s:%s'\n"):format(command.name, quote(command.summary))
    cases[i] = case(command)
  end
  return HEAD .. table.concat(lists) .. TAIL:format(table.concat(summaries), table.concat(cases))
end

return M
