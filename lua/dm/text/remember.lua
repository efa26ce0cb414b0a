-- Remembers what was measured of texts: several operators ask about the same ones, a batch of rows after another.
local M = {}

---Bytes of text that are remembered for one measure, before all is forgotten.
local MOST = 256 * 1024

---A function that answers as `measure` does. Texts are compared by value.
---@param measure fun(s: string): number, number?
---@return fun(s: string): number, number?
function M.texts(measure)
  local first, second, bytes = {}, {}, 0
  return function(s)
    local value = first[s]
    if value then return value, second[s] end
    bytes = bytes + #s + 64
    if bytes > MOST then first, second, bytes = {}, {}, #s end
    local more
    value, more = measure(s)
    first[s], second[s] = value, more
    return value, more
  end
end

return M
