-- Tables in the same order each time, for messages and for what is checked key by key.

---@param t table
---@return any[] its keys, by what tostring makes of them
return function(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end
