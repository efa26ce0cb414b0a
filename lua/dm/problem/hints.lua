-- What to do about Lua's own messages, which tell what a program met and not what its author forgot.
local suggest = require "dm.suggest"

local M = {}

local function function_of_dm(name)
  local names = {}
  for key in pairs(require "dm") do names[#names + 1] = key end
  table.sort(names)
  local near = suggest.nearest(name, names)
  return near and ("did you mean `dm.%s`?"):format(near)
end

---Pattern of the message and what follows from it: a text, or a function of what the pattern caught.
local HINTS = {
  { "'}' expected.* near '([^']*)'$", function(near)
    if near == "<eof>" then return "a } is missing at the end" end
    if near == "=" then return "a key that is no plain name is written [\"key\"] = value" end
    return ("is a comma missing before %s?"):format(near)
  end },
  { "'%)' expected.* near", "is a ) or a comma missing?" },
  { "unfinished string", "a string ends in its line, with the quote that it began with; [[ ... ]] holds many lines" },
  { "unfinished long string", "a ]] is missing" },
  { "'end' expected", "an `end` is missing" },
  { "'=' or 'in' expected", "`for i = 1, n do` or `for key, value in pairs(t) do`" },
  { "'then' expected near '='", "a comparison is ==" },
  { "unexpected symbol near '!'", "\"not equal\" is ~=, \"not\" is `not`" },
  { "global 'dm' %(a nil value%)", 'the file needs `local dm = require "dm"` at its head' },
  { "attempt to call field '([%w_]+)' %(a nil value%)", function_of_dm },
  { "attempt to call global '([%w_]+)' %(a nil value%)", "no function has that name here; is it local to another "
    .. "file, or misspelt?" },
  { "attempt to index field '([%w_]+)' %(a nil value%)", function(name)
    return ("a field that is missing or null reads as nil: `if sample.%s then ... end`"):format(name)
  end },
  { "attempt to concatenate .* %(a nil value%)", "a field that is missing or null reads as nil: `(x or \"\")`" },
  { "attempt to perform arithmetic on .* %(a nil value%)", "a field that is missing or null reads as nil: `(x or 0)`" },
  { "attempt to compare number with nil", "a field that is missing or null reads as nil: `(x or 0)`" },
  { "sample kept beyond execute", "state of an operator holds copies: dm.clone(sample), or the strings and numbers "
    .. "themselves" },
  { "is not valid UTF%-8", "bytes in another encoding are no text: leave the field as it is, or make it UTF-8" },
}

---@param message string
---@return string? what to do
function M.of(message)
  for _, hint in ipairs(HINTS) do
    local caught = message:match(hint[1])
    if caught and type(hint[2]) == "function" then return hint[2](caught) end
    if caught then return hint[2] end
  end
end

return M
