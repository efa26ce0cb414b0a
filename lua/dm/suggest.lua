-- "Did you mean": the known name nearest to what was written.
local M = {}

---Number of single-character edits (insert, delete, replace, swap of neighbours) between two names.
---Optimal string alignment distance; names are short, so the full table is kept.
local function distance(a, b)
  local d = {}
  for i = 0, #a do d[i] = { [0] = i } end
  for j = 0, #b do d[0][j] = j end
  for i = 1, #a do
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        best = math.min(best, d[i - 2][j - 2] + 1)
      end
      d[i][j] = best
    end
  end
  return d[#a][#b]
end

---The known name nearest to `name`, or nil when none is near enough to be meant.
---@param name string
---@param known string[]
---@return string?
function M.nearest(name, known)
  local best, best_distance = nil, math.max(1, math.floor(#name / 3)) + 1
  for _, candidate in ipairs(known) do
    local n = distance(name:lower(), candidate:lower())
    if n < best_distance then best, best_distance = candidate, n end
  end
  return best
end

---`; did you mean "x"?` or the empty string.
---@param name string
---@param known string[]
---@return string
function M.hint(name, known)
  local near = M.nearest(name, known)
  return near and ('; did you mean "%s"?'):format(near) or ""
end

return M
