-- Word lists in Data-Juicer's form: a folder with JSON files { language: [words] } whose names say what they hold.
local json = require "dm.json"
local sources = require "dm.sources"

local M = {}

---Adds the lists of one file.
local function add_file(lists, path)
  local text, why = sources.read(path)
  if not text then error(("word list %s: %s"):format(path, why), 0) end
  local ok, content = pcall(json.decode, text)
  if not ok then error(("word list %s: %s"):format(path, content), 0) end
  if type(content) ~= "table" then error(("word list %s: must be { language: [words] }"):format(path), 0) end
  for lang, words in pairs(content) do
    if type(lang) ~= "string" or type(words) ~= "table" then
      error(("word list %s: must be { language: [words] }"):format(path), 0)
    end
    lists[lang] = lists[lang] or {}
    for _, word in ipairs(words) do
      if type(word) ~= "string" then
        error(("word list %s: %s: a word must be a string, not %s"):format(path, lang, tostring(word)), 0)
      end
      table.insert(lists[lang], word)
    end
  end
end

local function languages(lists)
  local names = {}
  for lang in pairs(lists) do names[#names + 1] = lang end
  table.sort(names)
  return table.concat(names, ", ")
end

---The files of a folder that hold lists.
---@param folder string
---@param kind string what their names hold
---@return string[]? paths
---@return string? why the folder can not be read
function M.paths(folder, kind)
  return sources.list(folder, kind:gsub("%p", "%%%0") .. ".*%.json$")
end

---The words of a language, from every *.json of the folder whose name holds `kind`; "all" stands for all
---languages, unless a file has a list of that name. Raises a message for a person.
---@param folder string
---@param kind string
---@param lang string
---@return string[]
function M.load(folder, kind, lang)
  local paths, why = M.paths(folder, kind)
  if not paths then error(why, 0) end
  if #paths == 0 then error(("%s holds no file *%s*.json"):format(folder, kind), 0) end
  local lists = {}
  for _, path in ipairs(paths) do add_file(lists, path) end
  if lists[lang] then return lists[lang] end
  if lang ~= "all" then
    error(('%s: no list for the language "%s"; there are %s, and all'):format(folder, lang, languages(lists)), 0)
  end
  local all = {}
  for _, words in pairs(lists) do
    for _, word in ipairs(words) do all[#all + 1] = word end
  end
  return all
end

return M
