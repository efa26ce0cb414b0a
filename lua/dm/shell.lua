-- Words for a shell.
local M = {}

---A word as a shell reads it: quoted where it has to be.
---@param word string
---@return string
function M.quote(word)
  if word:find "^[%w_@%%+=:,./#-]+$" and word:sub(1, 1) ~= "#" then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

return M
