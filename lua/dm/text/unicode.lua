-- Unicode's normalisation forms, and the mending of texts that went through wrong hands.
local kernel = require "dm.text.kernel"
local C = require("ffi").C

local M = {}

local FORMS = { NFC = C.DM_NFC, NFD = C.DM_NFD, NFKC = C.DM_NFKC, NFKD = C.DM_NFKD }

local function form_of(name)
  return FORMS[name] or error(("no normalisation form %q; forms are NFC, NFD, NFKC, NFKD"):format(tostring(name)), 3)
end

---@param s string
---@param form "NFC"|"NFD"|"NFKC"|"NFKD"
---@return string
function M.normalize(s, form)
  return kernel.result(C.dm_text_normalize(s, #s, form_of(form), kernel.out), s)
end

---As ftfy's fix_text, line by line: named characters of HTML (until a line holds a "<"), UTF-8 that was read by a
---code page, control characters, ligatures, full and half width, curly quotation marks, line ends, terminal escapes;
---then the normalisation form.
---@param s string
---@param form "NFC"|"NFD"|"NFKC"|"NFKD"
---@return string
function M.fix(s, form)
  return kernel.result(C.dm_text_fix(s, #s, form_of(form), kernel.out), s)
end

return M
