-- Documents out of the files of an unpacked package: what kind a file is, its text, its language.
local M = {}

---@class bench.Document
---@field text string
---@field format string

local MAX_BYTES, MIN_BYTES, MAX_LIST_BYTES = 900000, 12, 2000000

local function read(path)
  local file
  if path:find "%.[gd]z$" then
    file = assert(io.popen("gzip -dc '" .. path .. "'"))
  else
    file = io.open(path, "rb")
  end
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text
end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', nbsp = " ", ["#160"] = " ", ["#8217"] = "'" }

local function strip_tags(text)
  text = text:gsub("<!%-%-.-%-%->", ""):gsub("<script.-</script>", ""):gsub("<style.-</style>", "")
  text = text:gsub("</?[pPhHlLtTdD][^>]*>", "\n"):gsub("<[^>]*>", "")
  text = text:gsub("&(#?%w+);", ENTITIES)
  return (text:gsub("[ \t]*\n%s*\n", "\n\n"))
end

local function strip_roff(text)
  text = text:gsub("\n[.']\\\"[^\n]*", ""):gsub("\n%.[A-Za-z]+ ?", "\n")
  return (text:gsub("\\f[BIRP]", ""):gsub("\\%-", "-"):gsub("\\&", ""))
end

---Cuts a list of sayings or dictionary entries.
local function cut(text, separator)
  local list, at = {}, 1
  while at <= #text do
    local first, last = text:find(separator, at)
    list[#list + 1] = text:sub(at, (first or #text + 1) - 1)
    at = (last or #text) + 1
  end
  return list
end

---What to make of a file, by its path: a name for the format, and a function of its text.
local function kind_of(path, raw)
  if path:find "/doc/[^/]+/copyright$" or path:find "changelog" then return nil end
  if path:find "%.x?html?$" or path:find "%.page$" then
    if raw then return "html" end
    return "text", strip_tags
  end
  if path:find "/man%d/.*%.gz$" then return "man", strip_roff end
  if path:find "%.txt$" or path:find "%.txt%.gz$" or path:find "%.rst$" then return "text" end
  if path:find "/fortunes/" and not path:find "%.dat$" and not path:find "%.u8$" then
    return "saying", function(text) return cut(text, "\n%%%%?\n") end
  end
  if path:find "%.dict%.dz$" then
    return "entry", function(text) return cut(text, "\n%f[^\n ]") end
  end
end

---The documents in a file; none when it is not a text of a kind we know.
---@param root string
---@param path string below root
---@param raw boolean leave HTML as it is
---@return bench.Document[]
function M.read(root, path, raw)
  local format, convert = kind_of(path, raw)
  if not format then return {} end
  local text = read(root .. path)
  local list = format == "saying" or format == "entry"
  if list then text = text:sub(1, MAX_LIST_BYTES) end
  local made = convert and convert(text) or text
  local documents = {}
  for _, piece in ipairs(type(made) == "table" and made or { made }) do
    if #piece >= MIN_BYTES and #piece <= MAX_BYTES then
      documents[#documents + 1] = { text = piece, format = format }
    end
  end
  return documents
end

---The language that a path names, else English.
---@param path string
---@return string
function M.language(path)
  local name = path:match "/help/([%a_@-]+)/" or path:match "/man/([%a_]+)/man" or path:match "%.(%a%a[%a_-]*)%.html$"
    or path:match "amd64/([%a_]+)/" or "en"
  return name == "C" and "en" or (name:gsub("_", "-"))
end

return M
