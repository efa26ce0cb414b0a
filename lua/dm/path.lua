-- Dotted names of fields inside fields: "meta.lang" is the field `lang` of the field `meta`.
local M = {}

---The steps of a path. An empty path has one, the field without a name.
---@param path string
---@return string[]
function M.split(path)
  local steps = {}
  for step in (path .. "."):gmatch "([^.]*)%." do steps[#steps + 1] = step end
  return steps
end

---What is left of a path at each of its steps: of "a.b.c" itself, "b.c" and "c".
---@param steps string[]
---@return string[]
function M.rests(steps)
  local rests = {}
  for i = 1, #steps do rests[i] = table.concat(steps, ".", i) end
  return rests
end

---Whether a value may have fields.
---@param v any
---@return boolean
function M.is_object(v) return type(v) == "table" or type(v) == "cdata" end

---The object that holds the last step, or nil when a step before it leads to no object.
---@param sample table|ffi.cdata*
---@param steps string[]
---@return table|ffi.cdata*|nil
function M.parent(sample, steps)
  local node = sample
  for i = 1, #steps - 1 do
    node = node[steps[i]]
    if not M.is_object(node) then return nil end
  end
  return node
end

---The value under a path. Raises when a step before the last leads to no object.
---@param sample table|ffi.cdata*
---@param steps string[]
---@return any nil when it is missing or null
function M.get(sample, steps)
  local parent, last = M.parent(sample, steps), steps[#steps]
  if parent == nil then
    error(('field "%s": what should hold "%s" is no object'):format(table.concat(steps, "."), last), 0)
  end
  return parent[last]
end

return M
