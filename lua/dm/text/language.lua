-- The language of a text, by CLD2, a library of its own (Debian's package libcld2-0).
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local C = ffi.C

local M = {}

local found = ffi.new "struct dm_language"

---CLD2's codes that others write otherwise: those that ISO 639-1 has given up, and scripts.
local CODES = { iw = "he", jw = "jv", ["zh-Hant"] = "zh" }

---Loads the library, so that a missing one is known at the start. Raises a message for a person.
function M.load_languages()
  kernel.load(C.dm_language_load)
end

---The language that most of a text is in. Of a text over 3 KB, 24 pieces of 72 bytes are read, spread evenly.
---@param s string
---@return string code of ISO 639-1 where there is one; "un" when it is not known
---@return number share of the text that is in it, 0 to 1
function M.language(s)
  M.load_languages()
  C.dm_language_detect(s, #s, found)
  local code = ffi.string(found.code)
  return CODES[code] or code, found.share
end

return M
