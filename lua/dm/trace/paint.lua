-- Text for a terminal or a pipe: colours, what can not be seen made visible, and lines broken at the width.
local ffi = require "ffi"
local terminal = require "dm.terminal"
local utf8 = require "dm.utf8"

local C = ffi.C
local M = {}

---How lines are made.
---@class dm.Paint
---@field colour boolean
---@field columns integer after which lines are broken; math.huge for a pipe

---A piece of text in one style.
---@alias dm.Span { [1]: string, [2]: string? }

local STYLES = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36", gone = "9;31",
  come = "1;32", title = "1;36", reverse = "7" }

local LEAST_COLUMNS = 20

---The paint for standard output as it is.
---@return dm.Paint
function M.new()
  return { colour = terminal.has_colour(1), columns = math.max(terminal.columns(1) or math.huge, LEAST_COLUMNS) }
end

local CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"

---The code point of a character.
local function code_of(c)
  local a, b, d, e = c:byte(1, 4)
  if a < 0x80 or not b then return a end
  if a < 0xE0 then return (a - 0xC0) * 64 + b - 0x80 end
  if a < 0xF0 then return ((a - 0xE0) * 64 + b - 0x80) * 64 + (d or 0x80) - 0x80 end
  return (((a - 0xF0) * 64 + b - 0x80) * 64 + (d or 0x80) - 0x80) * 64 + (e or 0x80) - 0x80
end

local function is_in(ranges, code)
  for _, r in ipairs(ranges) do
    if code >= r[1] and code <= r[2] then return true end
  end
  return false
end

---Columns that a character takes.
local function columns_of(c)
  if #c == 1 then return 1 end
  return C.dm_char_columns(code_of(c))
end

---Columns that a text takes.
---@param text string
---@return integer
function M.columns(text)
  local n = 0
  for c in text:gmatch(CHARACTER) do n = n + columns_of(c) end
  return n
end

---A text in so many columns: one that takes more is cut, and ends in "...".
---@param text string UTF-8
---@param columns integer at least 4
---@return string
function M.cut(text, columns)
  if M.columns(text) <= columns then return text end
  local n, to = 3, 0
  for c, after in text:gmatch("(" .. CHARACTER .. ")()") do
    n = n + columns_of(c)
    if n > columns then break end
    to = after - 1
  end
  return text:sub(1, to) .. "..."
end

---A text with blanks behind it, up to so many columns.
---@param text string UTF-8
---@param columns integer
---@return string
function M.pad(text, columns)
  return text .. (" "):rep(columns - M.columns(text))
end

-- Characters that show nothing, or do something to the terminal.
local HIDDEN = { { 0, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x34F, 0x34F }, { 0x61C, 0x61C }, { 0x180E, 0x180E },
  { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
  { 0xE000, 0xF8FF }, { 0xE0000, 0xE007F } }
local SIGNS = { ["\n"] = "↵", ["\t"] = "→", ["\r"] = "␍" }
local SPACES = { { 0xA0, 0xA0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200A }, { 0x202F, 0x202F }, { 0x205F, 0x205F },
  { 0x3000, 0x3000 } }

local function show(c, spaces)
  if SIGNS[c] then return SIGNS[c] end
  if c == " " then return spaces and "·" or " " end
  if c:find "^[\33-\126]$" then return c end
  local code = code_of(c)
  if is_in(HIDDEN, code) or spaces and is_in(SPACES, code) then return ("<U+%04X>"):format(code) end
  return c
end

---A text with what can not be seen made visible; bytes that are not UTF-8 as "?".
---@param text string
---@param spaces boolean? blanks too
---@return string
function M.visible(text, spaces)
  return (utf8.clean(text):gsub(CHARACTER, function(c) return show(c, spaces) end))
end

---The first so many characters, and the last.
---@param text string UTF-8
---@param n integer
---@return string
function M.head(text, n)
  local at = 1
  for _ = 1, n do
    local _, to = text:find("^" .. CHARACTER, at)
    if not to then return text end
    at = to + 1
  end
  return text:sub(1, at - 1)
end

---@param text string UTF-8
---@param n integer
---@return string
function M.tail(text, n)
  local at = #text + 1
  for _ = 1, n do
    repeat at = at - 1 until at <= 1 or text:byte(at) < 0x80 or text:byte(at) >= 0xC0
    if at <= 1 then return text end
  end
  return text:sub(at)
end

---How many characters a text has.
---@param text string
---@return integer
function M.length(text)
  local _, n = text:gsub("[^\128-\191]", "")
  return n
end

local function style(paint, span, text)
  local codes = span[2] and STYLES[span[2]]
  return terminal.paint(paint.colour and codes ~= nil and text ~= "", codes, text)
end

---Words that are longer than this are broken where the line ends.
local LONGEST_WORD = 24

---Columns that the word takes which begins at a byte, for who does not want to break it; 0 within one.
local function word_at(text, at)
  if at > 1 and text:byte(at - 1) ~= 32 then return 0 end
  local n = M.columns(text:match("^[^ ]*", at))
  return n <= LONGEST_WORD and n or 0
end

---Breaks spans into lines, between words where there are any; those after the first are indented.
---@param paint dm.Paint
---@param spans dm.Span[]
---@param indent integer?
---@return string[]
function M.lines(paint, spans, indent)
  local lines, line, used, room = {}, {}, 0, paint.columns
  local margin = math.min(indent or 0, math.floor(room / 2))
  for _, span in ipairs(spans) do
    local piece = {}
    local function flush()
      line[#line + 1] = style(paint, span, table.concat(piece))
      piece = {}
    end
    for at, c in span[1]:gmatch("()(" .. CHARACTER .. ")") do
      local n = columns_of(c)
      local needs = room < math.huge and math.max(n, word_at(span[1], at)) or n
      local full = used + needs > room and (used + n > room or used > margin and needs <= room - margin)
      if full then
        if piece[#piece] == " " then piece[#piece] = nil end
        flush()
        lines[#lines + 1] = table.concat(line)
        line, used = { (" "):rep(margin) }, margin
      end
      if not (full and c == " ") then
        piece[#piece + 1] = c
        used = used + n
      end
    end
    flush()
  end
  lines[#lines + 1] = table.concat(line)
  return lines
end

---Breaks a text without styles into lines; those after the first are indented.
---@param text string
---@param columns integer? nil: it stays in one line
---@param indent integer?
---@return string[]
function M.wrap(text, columns, indent)
  return M.lines({ colour = false, columns = columns or math.huge }, { { text } }, indent)
end

---A text has at least so many columns beside its head; else it begins below it, indented by so many.
M.LEAST_BESIDE, M.BELOW = 20, 6

---A text behind a head, for standard output: where it takes more than a line, the others begin below the text.
---@param head string
---@param text string
---@return string
function M.hang(head, text)
  local columns, indent = M.new().columns, M.columns(head)
  if columns - indent >= M.LEAST_BESIDE then return table.concat(M.wrap(head .. text, columns, indent), "\n") end
  return head:gsub("%s+$", "\n") .. table.concat(M.wrap((" "):rep(M.BELOW) .. text, columns, M.BELOW), "\n")
end

return M
