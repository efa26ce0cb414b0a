-- Integers beyond 2^53 as operators see them: opaque values that keep their digits. Their members have names that
-- are not UTF-8, like those of nodes (dm.sample).
local ffi = require "ffi"

local istype = ffi.istype
local LENGTH, DIGITS = "\255length", "\255digits"
local bigint_t = ffi.typeof("struct { uint32_t $; char $[?]; }", LENGTH, DIGITS)

local M = {}

---@param p ffi.cdata* const char *
---@param n integer bytes
---@return ffi.cdata* bigint
function M.new(p, n)
  local big = bigint_t(n, n)
  ffi.copy(big[DIGITS], p, n)
  return big
end

---@param v any
---@return boolean
function M.is(v)
  return istype(bigint_t, v)
end

---Its digits.
---@param big ffi.cdata*
---@return string
function M.digits(big)
  return ffi.string(big[DIGITS], big[LENGTH])
end

local function refuse()
  error("this integer is beyond 2^53, which a Lua number does not hold; it can only be copied", 0)
end

---Which of two of them comes first: a number below, above or equal to 0.
local function difference(a, b)
  local x, y = M.digits(a), M.digits(b)
  local negative = x:sub(1, 1) == "-"
  if negative ~= (y:sub(1, 1) == "-") then return negative and -1 or 1 end
  if x == y then return 0 end
  local less = #x < #y or #x == #y and x < y
  return less ~= negative and -1 or 1
end

---Which of two numbers comes first, of which one at least is such an integer: a number below, above or equal to 0; no
---number when one is none.
---@param a ffi.cdata*|number
---@param b ffi.cdata*|number
---@return number
function M.order(a, b)
  if M.is(a) and M.is(b) then return difference(a, b) end
  local x, y = M.is(a) and tonumber(M.digits(a)) or a, M.is(b) and tonumber(M.digits(b)) or b
  if x ~= y then return x - y end
  if math.abs(M.is(a) and b or a) > 2 ^ 53 then refuse() end
  return M.is(a) == (x > 0) and 1 or -1
end

local bigint = {
  __tostring = M.digits,
  __eq = function(a, b)
    if M.is(a) and M.is(b) then return M.digits(a) == M.digits(b) end
    return (type(a) == "number" or type(b) == "number") and refuse()
  end,
  __concat = function(a, b) return tostring(a) .. tostring(b) end,
}
for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "lt", "le", "len", "call" } do
  bigint["__" .. name] = refuse
end
ffi.metatype(bigint_t, bigint)

return M
