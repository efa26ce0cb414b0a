-- Unicode's normalisation forms.
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

return M
