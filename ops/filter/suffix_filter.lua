-- Keeps samples that come from files with certain suffixes, by the field __dj__suffix__ that Data-Juicer's loaders
-- write. A sample without the field is rejected, when suffixes are given.
local Filter = require("dm.base_op").Filter

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
  for _, suffix in ipairs(list) do self.wanted[suffix] = true end
end

function Suffix:execute(sample)
  if self.any then return true end
  local suffix = sample.__dj__suffix__
  if suffix == nil then error('field "__dj__suffix__" is missing or null', 0) end
  local wanted = self.wanted[suffix] or false
  return wanted ~= self.reversed_range, "suffix " .. tostring(suffix)
end

return Suffix
