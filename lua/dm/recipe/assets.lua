-- What Data-Juicer has downloaded for its operators, and ours need too: word lists.
local sources = require "dm.sources"
local word_lists = require "dm.word_lists"

local M = {}

---Where Data-Juicer keeps it; its own variables say so.
local function folder()
  local cache = os.getenv "DATA_JUICER_CACHE_HOME" or (os.getenv "CACHE_HOME" or "~/.cache") .. "/data_juicer"
  if cache:find "^~/" then cache = (os.getenv "HOME" or "~") .. cache:sub(2) end
  return os.getenv "DATA_JUICER_ASSETS_CACHE" or cache .. "/assets"
end

---@param kind string what the names of its files hold
---@return string? path of the folder
---@return string? why there is none
function M.word_lists(kind)
  local path = sources.made("the folder of Data-Juicer's assets", folder)
  local list = word_lists.paths(path, kind)
  if list and list[1] then return path end
  return nil, ("%s has no *%s*.json"):format(path, kind)
end

return M
