---What operators and pipelines get from `require "dm"`.
local pipeline = require "dm.pipeline"
local sample = require "dm.sample"

---@class dm
---@field text dm.text
---@field bytes dm.bytes
---@field http dm.http
---@field scheduler { TaskScheduler: fun(options?: table): dm.TaskScheduler }
---@field exec fun(command: string|string[], given?: table): dm.ProcessEnd
---@field run fun(arguments: string|string[], given?: table): dm.ProcessEnd
---@field sleep fun(time: number|string)
---@field remote fun(operator: string, given: table?, input: table, options?: table): dm.RemoteTask
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
  mix = function(given) return require("dm.mixture").new(given) end,
  lazy = require("dm.lazy").lazy,
  OPERATORS = require("dm.registry").OPERATORS,
}

---Prints to stderr.
function M.log(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  io.stderr:write(table.concat(words, " "), "\n")
end

-- What costs time to load is loaded when it is first used.
local LATER = { text = "dm.text", bytes = "dm.bytes", http = "dm.http", scheduler = "dm.scheduler" }
-- The same for single functions: where they are.
local FUNCTIONS = { exec = "dm.process", run = "dm.process", sleep = "dm.process", remote = "dm.remote" }

setmetatable(M, {
  __index = function(t, name)
    if LATER[name] then
      t[name] = require(LATER[name])
    elseif FUNCTIONS[name] then
      t[name] = require(FUNCTIONS[name])[name]
    end
    return rawget(t, name)
  end,
})

return M
