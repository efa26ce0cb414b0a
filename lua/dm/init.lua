---What operators and pipelines get from `require "dm"`.
local pipeline = require "dm.pipeline"
local sample = require "dm.sample"

local M = {
  pipeline = pipeline.new,
  map = pipeline.map,
  filter = pipeline.filter,
  slice = pipeline.slice,
  sample = sample.sample,
  clone = sample.clone,
  each = sample.each,
  totable = sample.totable,
  array = sample.array,
  null = sample.null,
  raw = sample.raw,
  files = require("dm.files").new,
  OPERATORS = require("dm.registry").OPERATORS,
}

---A resource that is heavy: made when first asked for, once for each worker.
---@param make fun(): any
---@return fun(): any
function M.lazy(make)
  local made
  return function()
    if made == nil then made = make() end
    return made
  end
end

---Prints to stderr.
function M.log(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  io.stderr:write(table.concat(words, " "), "\n")
end

-- What costs time to load is loaded when it is first used.
local LATER = { text = "dm.text", bytes = "dm.bytes", http = "dm.http" }

return setmetatable(M, {
  __index = function(t, name)
    if not LATER[name] then return nil end
    t[name] = require(LATER[name])
    return t[name]
  end,
})
