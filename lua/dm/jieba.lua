-- Chinese word segmentation, with jieba's own data: dict.txt and finalseg/prob_emit.py of a folder, by default where
-- Debian's package python3-jieba puts them. They are read when first used, and kept in C memory for all operators.
local ffi = require "ffi"
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

local numbers = ffi.typeof "uint32_t[?]"

---The words of a text as numbers, from 0 in the order in which words come first; equal words of all texts since one
---with `begin` have the same.
---@param s string
---@param begin boolean
---@return ffi.cdata* uint32_t[]
---@return integer how many there are
function Jieba:number(s, begin)
  local out = C.dm_text_out()
  text.made(C.dm_jieba_number(self.jieba, s, #s, begin and 1 or 0, out), s)
  local n = tonumber(out.n) / 4
  local list = numbers(n)
  ffi.copy(list, out.p, out.n)
  return list, n
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
