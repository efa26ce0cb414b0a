-- Errors that carry DataMate's class and code, for operators whose failures DataMate records. Where an error's
-- text is wanted, tostring gives class and message.
local constant = require "dm.constant"

local M = {}

---@class dm.Failure
---@field type string name of the class of the error, as Python has it
---@field code string of constant.ERROR_CODES
---@field message string
local Failure = {}
Failure.__index = Failure

function Failure.__tostring(self)
  return self.type .. ": " .. self.message
end

---Classes that DataMate numbers as the class they descend from.
local PARENTS = { ZeroDivisionError = "ArithmeticError", JSONDecodeError = "ValueError" }

---Raises an error of that class.
---@param class string
---@param message string
function M.raise(class, message)
  local code = constant.ERROR_CODES[PARENTS[class] or class] or constant.ERROR_CODES.Unknown
  error(setmetatable({ type = class, code = code, message = message }, Failure), 0)
end

---Whether an error is one of these.
---@param e any
---@return boolean
function M.is(e)
  return getmetatable(e) == Failure
end

return M
