-- Completion of dmhost in the language of bash.
local completion = require "dm.completion"

local HEAD = [=[
# Completion of dmhost for bash, made by `dmhost completion bash`.

_dmhost_words() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_dmhost_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$@" -- "$cur")
}
_dmhost_kind() {
  case $1 in
  files) _dmhost_paths -f ;;
  folders) _dmhost_paths -d ;;
  lua)
    _dmhost_paths -f -X '!*.lua'; _dmhost_paths -f -X '!*.yaml'; _dmhost_paths -f -X '!*.yml'
    _dmhost_paths -d ;;
]=]

local TAIL = [=[
  esac
}

_dmhost() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} kind=
  [[ $cur == = ]] && cur=
  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _dmhost_kind commands
    return
  fi
  case $command:$prev in
%s  esac
  if [[ $kind == text ]]; then return; fi
  if [[ $kind ]]; then
    _dmhost_kind $kind
    return
  fi
  case $command in
%s  esac
}

complete -F _dmhost dmhost
]=]

local M = {}

local function option_cases(command)
  local lines = {}
  for _, o in ipairs(command.options) do
    if o.takes then
      local short = o.short and ("|%s:-%s"):format(command.name, o.short) or ""
      lines[#lines + 1] = ("  %s:--%s%s) kind=%s ;;\n"):format(command.name, o.long, short, o.takes)
    end
  end
  return table.concat(lines)
end

local function argument_case(command)
  local options, kinds = {}, {}
  for i, o in ipairs(command.options) do options[i] = "--" .. o.long end
  for i, kind in ipairs(completion.kinds(command)) do kinds[i] = "_dmhost_kind " .. kind .. "; " end
  return ('  %s) if [[ $cur == -* ]]; then _dmhost_words "%s"; else %s:; fi ;;\n'):format(command.name,
    table.concat(options, " "), table.concat(kinds))
end

---@return string
function M.script()
  local words, lists, options, arguments = completion.words(), {}, {}, {}
  for kind, list in pairs(words) do
    lists[#lists + 1] = ('  %s) _dmhost_words "%s" ;;\n'):format(kind, table.concat(list, " "))
  end
  table.sort(lists)
  for i, command in ipairs(completion.commands()) do
    options[i], arguments[i] = option_cases(command), argument_case(command)
  end
  return HEAD .. table.concat(lists) .. TAIL:format(table.concat(options), table.concat(arguments))
end

return M
