-- What Data-Juicer does with every row before the first operator of a recipe and behind the last one, as operators.
local base_op = require "dm.base_op"
local sample_module = require "dm.sample"

local M = {}

---Drop rows whose text is null, as Data-Juicer's loader does.
local Unify = base_op.Filter:extend {
  name = "unify_format",
  summary = "Drop rows whose text is null, as Data-Juicer's loader does; a row without the field is rejected.",
  params = { { "keys", "list", default = {}, doc = "the fields that hold text" } },
}

function Unify:execute(sample)
  for _, key in ipairs(self.keys) do
    if sample[key] == nil then
      if sample_module.raw(sample, key) then return false, ('field "%s" is null'):format(key) end
      error(('field "%s" is missing; text_keys names the fields that hold text'):format(key), 0)
    end
  end
  return true
end

---Take away what operators noted for others.
local Exporter = base_op.Mapper:extend {
  name = "exporter",
  summary = "Take away what operators of Data-Juicer noted for others, as its exporter does.",
}

function Exporter:execute(sample) -- luacheck: ignore 212/self
  sample.__dj__stats__ = nil
  sample.__dj__meta__ = nil
end

---Keep nothing but the text of a file, and what suffix_filter looks at.
local Formatter = base_op.Mapper:extend {
  name = "text_formatter",
  summary = "Keep nothing but the text of a file, as Data-Juicer's loader does.",
  params = { { "suffix", "boolean", default = false, doc = "note the file's suffix in __dj__suffix__" } },
}

function Formatter:execute(sample)
  if self.suffix then sample.__dj__suffix__ = (sample.fileName:match "%.[^.]+$" or ""):lower() end
  for _, name in ipairs(sample_module.names(sample)) do
    if name ~= self.text_key and name ~= "__dj__suffix__" then sample[name] = nil end
  end
end

---What comes before the first operator.
---@param keys string[] the fields that hold text
---@param texts boolean whether the rows are texts
---@param suffix boolean whether somebody asks for the suffixes of their files
---@return dm.BaseOp[]
function M.first(keys, texts, suffix)
  return { Unify { keys = keys }, texts and Formatter { suffix = suffix } or nil }
end

---What comes behind the last one.
---@return dm.BaseOp
function M.last()
  return Exporter {}
end

return M
