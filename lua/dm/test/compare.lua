-- Whether what an operator made is what was expected, and a text for people that says where it is not.
local json = require "dm.json"
local sample = require "dm.sample"

local M = {}

local function is_table(v) return type(v) == "table" end

local function sorted_keys(a, b)
  local keys, seen = {}, {}
  for _, t in ipairs { a, b } do
    for k in pairs(t) do
      if not seen[k] then keys[#keys + 1], seen[k] = k, true end
    end
  end
  table.sort(keys, function(x, y)
    if type(x) == type(y) then return x < y end
    return type(x) == "number"
  end)
  return keys
end

local MOST, BEFORE, WIDTH = 20, 24, 72

---The place of the first byte that differs, not inside a character.
local function first_difference(a, b)
  local i = 1
  while i <= #a and a:byte(i) == b:byte(i) do i = i + 1 end
  while i > 1 and (a:byte(i) or 0) >= 128 and (a:byte(i) or 0) < 192 do i = i - 1 end
  return i
end

---A part of a long text around a place, with ... where something was left out.
local function clip(s, at)
  local from, to = math.max(1, at - BEFORE), math.min(#s, at + WIDTH - BEFORE)
  while from > 1 and s:byte(from) >= 128 and s:byte(from) < 192 do from = from - 1 end
  while to < #s and s:byte(to + 1) >= 128 and s:byte(to + 1) < 192 do to = to + 1 end
  local quoted = tostring(sample.sample { s:sub(from, to) }):sub(2, -2)
  return (from > 1 and "..." or "") .. quoted .. (to < #s and "..." or "")
end

local function show(v)
  if v == nil then return "nothing" end
  local text = is_table(v) and json.encode(v) or type(v) == "string" and tostring(sample.sample { v }):sub(2, -2)
    or tostring(v)
  return #text > WIDTH and clip(text, 1) or text
end

local function show_pair(want, got)
  if type(want) == "string" and type(got) == "string" then
    local at = first_difference(want, got)
    local same = clip(want:sub(1, at - 1) .. "x", at)
    local column = #same:gsub('x"$', ""):gsub("[\\128-\\191]", "")
    return clip(want, at), clip(got, at), column
  end
  return show(want), show(got)
end

---Appends the lines for each value that differs.
local function collect(want, got, path, lines)
  if #lines >= 3 * MOST then return end
  if is_table(want) and is_table(got) then
    for _, k in ipairs(sorted_keys(want, got)) do
      collect(want[k], got[k], path .. (type(k) == "number" and "[" .. k .. "]" or "." .. k), lines)
    end
  elseif want ~= got then
    local a, b, column = show_pair(want, got)
    lines[#lines + 1] = path:gsub("^%.", "")
    lines[#lines + 1] = "  expected  " .. a
    lines[#lines + 1] = "  got       " .. b
    if column then lines[#lines + 1] = (" "):rep(12 + column) .. "^" end
  end
end

---@param want table decoded JSON
---@param got table decoded JSON
---@return string? differences nil when there are none
function M.differences(want, got)
  local lines = {}
  collect(want, got, "", lines)
  return #lines > 0 and table.concat(lines, "\n") or nil
end

return M
