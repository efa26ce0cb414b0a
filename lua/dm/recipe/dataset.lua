-- Which rows a recipe of Data-Juicer reads: `dataset_path`, or `dataset` with its configs.
local null = require("dm.sample").null
local yaml = require "dm.yaml"

local M = {}

---The words of a text as a shell would take them: blanks separate, quotes hold together.
---@param text string
---@return string[]? words nil when a quote has no end
local function split(text)
  local words, at = {}, text:match "^%s*()"
  while at <= #text do
    local word = ""
    while at <= #text and not text:find("^%s", at) do
      local quote = text:match("^[\"']", at)
      local last = quote and text:find(quote, at + 1, true)
      if quote and not last then return nil end
      word = word .. (quote and text:sub(at + 1, last - 1) or text:sub(at, at))
      at = (last or at) + 1
    end
    words[#words + 1] = word
    at = text:match("^%s*()", at)
  end
  return words
end

---`dataset_path`: paths, each with a weight before it or not.
local function read_path(recipe, key, node)
  local text = yaml.value(node)
  local words = type(text) == "string" and split(text)
  if not words then recipe:fail(node, "dataset_path must be a path, or several between blanks") end
  local paths, weighted = {}, false
  for _, word in ipairs(words) do
    if tonumber(word) then weighted = true else paths[#paths + 1] = word end
  end
  if #paths == 0 then recipe:fail(node, "dataset_path names no file") end
  if weighted then
    recipe:note(node, "weights in dataset_path have no effect, as in Data-Juicer: they need `dataset` and "
      .. "max_sample_num")
  end
  recipe:set("input", paths, key, node)
end

---@param recipe dm.Recipe
function M.read(recipe)
  local node, key = yaml.get(recipe.root, "dataset_path")
  if node and yaml.value(node) ~= null and yaml.value(node) ~= "" then read_path(recipe, key, node) end
end

return M
