-- Chinese word segmentation, with jieba's own data: dict.txt and finalseg/prob_emit.py of a folder, by default where
-- Debian's package python3-jieba puts them. They are read when first used, and kept in C memory for all operators.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local lazy = require "dm.lazy"
local text = require "dm.text"

local C = ffi.C

local M = {}

local share = ffi.new "double[1]"

---The parameter of operators that need it.
M.FOLDER = { "jiebaFolder", "string", default = "/usr/lib/python3/dist-packages/jieba",
  doc = "folder of jieba's dict.txt and finalseg/prob_emit.py" }

---@class dm.Jieba
---@field jieba ffi.cdata*
local Jieba = {}
Jieba.__index = Jieba

local FILES = { "/dict.txt", "/finalseg/prob_emit.py" }

local function declare(path)
  local ok, why = pcall(lazy.declare, path)
  if not ok then
    error(why .. "; jieba's data is in Debian's package python3-jieba; jiebaFolder names another place", 0)
  end
end

local function read(path)
  return text.check(lazy.read(path), path)
end

local loaded = {}

---The words of a folder's dictionary; loaded once.
---@param folder string
---@return dm.Jieba
function M.load(folder)
  if loaded[folder] then return loaded[folder] end
  local words, emissions = read(folder .. FILES[1]), read(folder .. FILES[2])
  local jieba = C.dm_jieba_create(words, #words, emissions, #emissions)
  if jieba == nil then error("memory ran short", 0) end
  loaded[folder] = setmetatable({ jieba = ffi.gc(jieba, C.dm_jieba_destroy) }, Jieba)
  return loaded[folder]
end

---The same when first needed; that the files are there is seen at once.
---@param folder string
---@return fun(): dm.Jieba
function M.lazy(folder)
  for _, name in ipairs(FILES) do declare(folder .. name) end
  return lazy.lazy(function() return M.load(folder) end)
end

---The words of a text, as jieba.lcut gives them: all of the text.
---@param s string
---@return string[]
function Jieba:cut(s)
  return text.pieces(C.dm_jieba_cut(self.jieba, s, #s, C.dm_text_out()), s)
end

---How many chunks of a text may be related.
M.MOST_CHUNKS = C.DM_RELATE_MOST

local related = ffi.new("int32_t[?][2]", M.MOST_CHUNKS)

---Puts each chunk with the one of those that follow which says most about the same.
---@param base ffi.cdata* the text
---@param chunks ffi.cdata* spans of it, struct dm_text_span *
---@param count integer how many, at most M.MOST_CHUNKS
---@return integer? pairs how many there are; nil when some chunks that are left have no words
---@return ffi.cdata* numbers int32_t[][2] of chunks, from 0; -1 for no other one; borrowed until the next call
function Jieba:relate(base, chunks, count)
  local status = C.dm_jieba_relate(self.jieba, base, chunks, count, related)
  if status == C.DM_EINPUT then return nil, related end
  if status < 0 then kernel.fail(status) end
  return status, related
end

---Words that do not count.
---@param words string one a line
---@return ffi.cdata*
function M.stop_words(words)
  local stop = C.dm_stop_words_create(words, #words)
  if stop == nil then error("memory ran short", 0) end
  return ffi.gc(stop, C.dm_stop_words_destroy)
end

---The share of the most frequent word among those of two letters or more.
---@param s string
---@param stop ffi.cdata* of M.stop_words
---@return number
function Jieba:phrase_share(s, stop)
  text.made(C.dm_jieba_phrase_share(self.jieba, s, #s, stop, share), s)
  return share[0]
end

return M
