-- Several sources mixed by weight: `input = dm.mix { total = 1000, { "a.jsonl", weight = 3 }, { "b/" } }`.
-- Each source gives its share of the total, at random but always the same rows, in their order; one that has fewer
-- gives them as often as it takes. The sources follow one another.
local ffi = require "ffi"
local problem = require "dm.problem"
local sources = require "dm.sources"

local C = ffi.C
local M = {}

---@class dm.Mixture
---@field total integer rows in all
---@field sources { [1]: string, weight: number }[]
local Mixture = {}
Mixture.__index = Mixture

local function check_source(source, i)
  if type(source) == "string" then source = { source } end
  if type(source) ~= "table" or type(source[1]) ~= "string" then
    error(('dm.mix: source %d must be { "PATH", weight = 1 }'):format(i), 3)
  end
  local weight = source.weight == nil and 1 or source.weight
  if type(weight) ~= "number" or weight < 0 or weight == math.huge then
    error(("dm.mix: the weight of source %d must be a number from 0"):format(i), 3)
  end
  return { source[1], weight = weight }
end

---What stands for a mixture.
---@param given table total, and a list of sources: a path, or { path, weight = }
---@return dm.Mixture
function M.new(given)
  local total = type(given) == "table" and given.total
  if type(total) ~= "number" or total < 1 or total % 1 ~= 0 then
    error("dm.mix takes a table with `total`, a number of rows, and sources", 2)
  end
  local list, sum = {}, 0
  for i, source in ipairs(given) do
    list[i] = check_source(source, i)
    sum = sum + list[i].weight
  end
  if #list == 0 or sum == 0 then error("dm.mix: there is no source with a weight", 2) end
  return setmetatable({ total = total, sources = list }, Mixture)
end

---Whether a value is one that M.new made.
---@param v any
---@return boolean
function M.is(v)
  return getmetatable(v) == Mixture
end

---The paths of the sources.
---@return string[]
function Mixture:paths()
  local list = {}
  for i, source in ipairs(self.sources) do list[i] = source[1] end
  return list
end

---How many rows each source gives, rounded up from the first on while there are some left, as Data-Juicer does.
---@return integer[]
function Mixture:numbers()
  local sum, left, list = 0, self.total, {}
  for _, source in ipairs(self.sources) do sum = sum + source.weight end
  for i, source in ipairs(self.sources) do
    list[i] = math.min(left, math.ceil(self.total * (source.weight / sum)))
    left = left - list[i]
  end
  return list
end

---Adds the inputs of a mixture to the job, whose limits are set. Raises a problem when they can not be read.
---@param job ffi.cdata* struct dm_job *
---@return integer how many there are
function Mixture:add(job)
  local err, count = ffi.new "struct dm_error", 0
  for i, wanted in ipairs(self:numbers()) do
    local path = self.sources[i][1]
    local status = C.dm_job_add_input(job, path, err)
    if status == 0 then status = tonumber(C.dm_job_mix_inputs(job, count, wanted, err)) end
    if status < 0 then
      local near = sources.similar(path)
      error(problem.of_c(status, ffi.string(err.text), near and ("did you mean %s?"):format(near)), 0)
    end
    count = status
  end
  return count
end

return M
