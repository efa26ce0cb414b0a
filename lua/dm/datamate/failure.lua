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
local PARENTS = { ZeroDivisionError = "ArithmeticError", JSONDecodeError = "ValueError",
  UnicodeDecodeError = "ValueError", IsADirectoryError = "OSError", ConnectionError = "OSError" }

local function code_of(class)
  return constant.ERROR_CODES[PARENTS[class] or class] or constant.ERROR_CODES.Unknown
end

---Raises an error of that class.
---@param class string
---@param message string
function M.raise(class, message)
  error(setmetatable({ type = class, code = code_of(class), message = message }, Failure), 0)
end

---What the text of an error says: one that M.raise raised, or any other.
---@param text string
---@return string class
---@return string code
---@return string message
function M.parse(text)
  local class, message = text:match "^(%u[%w_]*): (.*)$"
  if not class or not (class:find "Error$" or class:find "Exception$") then class, message = "RuntimeError", text end
  return class, code_of(class), message
end

---Whether an error is one of these.
---@param e any
---@return boolean
function M.is(e)
  return getmetatable(e) == Failure
end

return M
