-- The one place that knows lua-cjson: plans, receipts and other documents of our own. Samples never pass
-- here: they are read and written in C, which keeps every byte that was not changed.
local installed = require "dm.installed"

local cjson = installed("cjson").new()
cjson.decode_invalid_numbers(false)
cjson.encode_invalid_numbers(false)
cjson.encode_sparse_array(false)

local M = { VERSION = cjson._VERSION } ---@type { VERSION: string } of lua-cjson

---@param text string
---@return any
function M.decode(text)
  return cjson.decode(text)
end

---@param v any
---@return string
function M.encode(v)
  return cjson.encode(v)
end

return M
