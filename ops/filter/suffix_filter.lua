-- Keeps samples that come from files with certain suffixes, by the field __dj__suffix__ that Data-Juicer's loaders
-- write. A sample without the field has none of them.
local Filter = require("dm.base_op").Filter
local null = require("dm.sample").null

local NONE = {} -- stands for null, which as a cdata is no key

local Suffix = Filter:extend {
  name = "suffix_filter",
  summary = "Keep samples from files with certain suffixes.",
  origin = "Data-Juicer",
  params = {
    { "suffixes", "any", default = {}, doc = 'a suffix or a list of them, such as ".txt"; none keeps all' },
    { "reversed_range", "boolean", default = false, doc = "keep the others" },
  },
  examples = {
    { params = { suffixes = { ".txt", ".md" } }, input = { __dj__suffix__ = ".md" }, keep = true },
    { params = { suffixes = ".txt" }, input = { __dj__suffix__ = ".pdf" }, keep = false },
  },
}

function Suffix:init()
  local list = self.suffixes or {}
  if type(list) == "string" then list = { list } end
  if type(list) ~= "table" then error(self.name .. ": suffixes must be a string or a list of strings", 0) end
  self.wanted, self.any = {}, #list == 0
  for _, suffix in ipairs(list) do self.wanted[rawequal(suffix, null) and NONE or suffix] = true end
end

function Suffix:execute(sample)
  if self.any then return true end
  local suffix = sample.__dj__suffix__
  local wanted = self.wanted[suffix == nil and NONE or suffix] or false
  return wanted ~= self.reversed_range, suffix == nil and "no suffix" or "suffix " .. tostring(suffix)
end

return Suffix
