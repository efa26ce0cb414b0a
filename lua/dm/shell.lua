-- Words for a shell.
local M = {}

---A word as a shell reads it: quoted where it has to be; control characters as $'\033', which bash, zsh and
---POSIX.1-2024 know, so that a command that is shown does nothing to the terminal.
---@param word string
---@return string
function M.quote(word)
  if word:find "^[%w_@%%+=:,./#-]+$" and word:sub(1, 1) ~= "#" then return word end
  if word:find "%c" then
    word = word:gsub("[\\']", "\\%0"):gsub("%c", function(c) return ("\\%03o"):format(c:byte()) end)
    return "$'" .. word .. "'"
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

return M
