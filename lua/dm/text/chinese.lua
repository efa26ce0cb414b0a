-- Conversion between traditional and simplified Chinese with OpenCC's dictionaries, which are in the binary. Each is
-- read when the first converter that needs it is made, and kept in C memory for the life of the process.
local ffi = require "ffi"
local embedded = require "dm.embedded"
local sorted_keys = require "dm.sorted_keys"
local text = require "dm.text"

local C, out = ffi.C, ffi.C.dm_text_out()

local M = {}

local FOLDER = "ops/mapper/opencc/"

local ST = { "STPhrases", "STCharacters" }
local TS = { "TSPhrases", "TSCharacters" }

---By mode: the dictionary that cuts a text into segments, and those of each step. As OpenCC's own configurations.
local MODES = {
  s2t = { "STPhrases", ST },
  t2s = { "TSPhrases", TS },
  s2tw = { "STPhrases", ST, { "TWVariants" } },
  tw2s = { "TSPhrases", { "TWVariantsRevPhrases", "TWVariantsRev" }, TS },
  s2hk = { "STPhrases", ST, { "HKVariants" } },
  hk2s = { "TSPhrases", { "HKVariantsRevPhrases", "HKVariantsRev" }, TS },
  s2twp = { "STPhrases", ST, { "TWPhrases" }, { "TWVariants" } },
  tw2sp = { "TSPhrases", { "TWPhrasesRev", "TWVariantsRevPhrases", "TWVariantsRev" }, TS },
  t2tw = { "TWVariants", { "TWVariants" } },
  tw2t = { "TWVariantsRevPhrases", { "TWVariantsRevPhrases", "TWVariantsRev" } },
  t2hk = { "HKVariants", { "HKVariants" } },
  hk2t = { "HKVariantsRevPhrases", { "HKVariantsRevPhrases", "HKVariantsRev" } },
  t2jp = { "JPVariants", { "JPVariants" } },
  jp2t = { "JPShinjitaiPhrases", { "JPShinjitaiPhrases", "JPShinjitaiCharacters", "JPVariantsRev" } },
}

---Names of the modes, in order.
---@type string[]
M.MODES = sorted_keys(MODES)

local function check(made)
  if made == nil then error("memory ran short", 0) end
  return made
end

---Makes a dictionary of lines: key, tab, values.
---@param lines string
---@return ffi.cdata*
function M.dictionary(lines)
  return ffi.gc(check(C.dm_dictionary_create(lines, #lines)), C.dm_dictionary_destroy)
end

local kept = {}

local function read(name) return assert(embedded.read(FOLDER .. name .. ".txt")) end

---One of OpenCC's.
local function opencc(name)
  if not kept[name] then kept[name] = M.dictionary(read(name)) end
  return kept[name]
end

---One of OpenCC's without the keys that a list has.
local function shortened(name, list)
  local omitted = {}
  for key in read(list):gmatch "[^\n]+" do omitted[key] = true end
  local lines = read(name):gsub("([^\t\n]+)\t[^\n]*\n?", function(key) return omitted[key] and "" or nil end)
  return M.dictionary(lines)
end

---@class dm.Converter
---@field converter ffi.cdata*
---@field dictionaries ffi.cdata*[] that must live as long
local Converter = {}
Converter.__index = Converter

---Adds a dictionary to a step; step 0 cuts into segments.
local function add(self, step, dictionary)
  if C.dm_converter_add(self.converter, step, dictionary) < 0 then error("memory ran short", 0) end
  self.dictionaries[#self.dictionaries + 1] = dictionary
end

---@param mode string one of MODES
---@param own string? lines of a dictionary that comes before those of the first step
---@param omits string? list of keys that the dictionary which cuts into segments is used without
---@return dm.Converter
function M.converter(mode, own, omits)
  local self = setmetatable({ dictionaries = {} }, Converter)
  self.converter = ffi.gc(check(C.dm_converter_create()), C.dm_converter_destroy)
  local cutting = MODES[mode][1]
  local shorter = omits and shortened(cutting, omits)
  add(self, 0, shorter or opencc(cutting))
  if own then add(self, 1, M.dictionary(own)) end
  for step = 2, #MODES[mode] do
    for _, name in ipairs(MODES[mode][step]) do
      add(self, step - 1, name == cutting and shorter or opencc(name))
    end
  end
  return self
end

---@param s string
---@return string
function Converter:convert(s)
  return text.made(C.dm_converter_convert(self.converter, s, #s, out), s)
end

return M
