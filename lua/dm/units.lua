-- Sizes and times as people write them.
local M = {}

local SIZES = { [""] = 1, B = 1, KB = 1e3, MB = 1e6, GB = 1e9, TB = 1e12, K = 2 ^ 10, M = 2 ^ 20, G = 2 ^ 30,
  KiB = 2 ^ 10, MiB = 2 ^ 20, GiB = 2 ^ 30, TiB = 2 ^ 40 }
local TIMES = { ms = 1, s = 1e3, m = 6e4, min = 6e4, h = 3.6e6 }

local function parse(v, units)
  local number, unit = tostring(v):match "^(%d+%.?%d*)%s*(%a*)$"
  local factor = number and units[unit]
  return factor and tonumber(number) * factor
end

---Bytes from 1000, "64KiB", "1.5GB".
---@param v number|string
---@return number? bytes nil when it is not a size
function M.bytes(v)
  local n = parse(v, SIZES)
  return n and math.floor(n)
end

---Milliseconds from "30s", "500ms", "2min"; a number alone is seconds. What is more than nothing is at least one: who
---waits counts whole ones, and takes 0 for no limit.
---@param v number|string
---@return number? milliseconds nil when it is not a time
function M.milliseconds(v)
  local ms = type(v) == "number" and v * 1e3 or parse(v, TIMES)
  if not ms or ms ~= ms then return nil end
  return ms > 0 and math.max(ms, 1) or ms
end

local NAMES = { "B", "KB", "MB", "GB", "TB" }

---"1.2 GB", for people.
---@param n number bytes
---@return string
function M.show_bytes(n)
  local i = 1
  while n >= 1000 and i < #NAMES do n, i = n / 1000, i + 1 end
  return (i == 1 and "%d %s" or "%.1f %s"):format(n, NAMES[i])
end

---1234567 -> "1,234,567".
---@param n number
---@return string
function M.show_count(n)
  local s = ("%.0f"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (s:gsub("^,", ""))
end

---"1 row", "3,000 rows".
---@param n number
---@param word string
---@return string
function M.plural(n, word)
  return ("%s %s%s"):format(M.show_count(n), word, n == 1 and "" or "s")
end

return M
