-- Prints a problem (dm.problem): for people on stderr with the line of the source and a caret, coloured on a terminal;
-- for machines as one line of JSON.
local ffi = require "ffi"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local terminal = require "dm.terminal"
local utf8 = require "dm.utf8"

local M = {}

---@class dm.Style
---@field colour boolean
---@field width integer columns that a quoted line may take
---@field columns integer? after which sentences are broken; nil: nowhere

local PLAIN_WIDTH, LEAST_WIDTH, LABEL = 100, 40, "  %-8s"

---What suits a descriptor.
---@param fd integer
---@return dm.Style
function M.style(fd)
  local columns = terminal.columns(fd)
  return { colour = terminal.has_colour(fd), width = math.max(columns or PLAIN_WIDTH, LEAST_WIDTH), columns = columns }
end

local CODES = { what = "1;31", caret = "1;33", label = "2" }

local function paint(style, kind, text)
  return terminal.paint(style.colour, CODES[kind], text)
end

-- What acts on a terminal though it is no control character of ASCII: C1 controls, and marks that turn lines around.
local ACTING = { "\194[\128-\159]", "\226\128[\142\143\168-\174]", "\226\129[\166-\169]" }

---Bytes of unknown origin, for a terminal: no control characters, valid UTF-8. Columns stay what they were.
local function printable(text)
  text = utf8.clean(text):gsub("%c", " ")
  for _, pattern in ipairs(ACTING) do text = text:gsub(pattern, "?") end
  return text
end

---A message that may quote anything: its lines, with what would act on the terminal made visible.
---@param text string
---@return string
function M.safe(text)
  return (text:gsub("[^\n\t]+", function(line) return paint_module.visible(line) end))
end

---The first byte at or behind `at` that begins a character.
local function boundary(text, at)
  while at <= #text and text:byte(at) >= 0x80 and text:byte(at) < 0xC0 do at = at + 1 end
  return at
end

---A line cut to a width, so that column `col` is in it. The last answer is where that column has got to.
local function clip(text, col, width)
  if #text <= width then return text, col end
  local from = boundary(text, math.max(1, math.min(col - math.floor(width / 2), #text - width + 4)))
  if col < width - 6 then from = 1 end
  local head = from > 1 and "..." or ""
  local last = boundary(text, math.min(#text + 1, from + width - 6)) - 1
  return head .. text:sub(from, last) .. (last < #text and "..." or ""), col - from + 1 + #head
end

---Columns before a byte; wide characters count as one.
local function columns(text, col)
  local n = 0
  for i = 1, math.min(col - 1, #text) do
    local byte = text:byte(i)
    if byte < 0x80 or byte >= 0xC0 then n = n + 1 end
  end
  return n + math.max(0, col - 1 - #text)
end

local function quote_line(out, style, gutter, text, col, size)
  local shown, at = clip(printable(text), col, style.width - #gutter - 3)
  out[#out + 1] = paint(style, "label", gutter .. " | ") .. shown
  size = math.max(1, math.min(size, #shown - at + 1))
  out[#out + 1] = paint(style, "label", (" "):rep(#gutter) .. " | ") .. (" "):rep(columns(shown, at))
    .. paint(style, "caret", ("^"):rep(size))
end

local function label(out, style, name, text)
  out[#out + 1] = paint(style, "label", LABEL:format(name)) .. M.safe(text)
end

---A sentence behind a head of so many columns, in lines that the terminal has room for.
local function sentence(out, style, head, indent, text)
  local room = style.columns and style.columns - indent
  for line in M.safe(text):gmatch "[^\n]+" do
    for _, part in ipairs(paint_module.wrap(line, room)) do
      out[#out + 1] = (head or style.columns and (" "):rep(indent) or "") .. part
      head = nil
    end
  end
end

local function show_place(out, style, at)
  label(out, style, "at", ("%s:%d:%d"):format(paint_module.visible(at.path), at.line, at.col))
  if at.text then quote_line(out, style, ("%6d"):format(at.line), at.text, at.col, at.size) end
end

local function show_row(out, style, p)
  label(out, style, "row", paint_module.visible(p.row) .. (p.row_line and (", line %d"):format(p.row_line) or ""))
  if not p.row_text then return end
  local byte = tonumber(p.what:match "at byte (%d+) of the row")
  if byte and byte <= #p.row_text + 1 then return quote_line(out, style, "      ", p.row_text, byte, 1) end
  local width = style.width - 9
  out[#out + 1] = paint(style, "label", "       | ") .. (clip(printable(p.row_text), 1, width))
end

---The problem as lines of text.
---@param p dm.Problem
---@param style dm.Style
---@return string
function M.text(p, style)
  local out = {}
  sentence(out, style, paint(style, "what", "dmhost: "), #"dmhost: ", p.what)
  if p.at then show_place(out, style, p.at) end
  if p.row then show_row(out, style, p) end
  if p.replay then label(out, style, "replay", p.replay) end
  if p.next then
    local head = LABEL:format "next"
    sentence(out, style, paint(style, "label", head), #head, p.next)
  end
  if p.traceback then out[#out + 1] = paint(style, "label", "  called from\n") .. M.safe(p.traceback) end
  return table.concat(out, "\n") .. "\n"
end

---The problem as one line of JSON: what, where and what next are fields of their own.
---@param p dm.Problem
---@return string
function M.json(p)
  local function text(s) return s and utf8.clean(s) end
  return tostring(require("dm.sample").sample {
    event = "error",
    text = text(problem.line(p)),
    what = text(p.what),
    file = p.at and text(p.at.path),
    line = p.at and p.at.line,
    column = p.at and p.at.col,
    row = text(p.row),
    next = text(p.next),
    replay = text(p.replay),
  }) .. "\n"
end

---Prints anything that was thrown, on stderr.
---@param e any
---@param format string? "json"
function M.print(e, format)
  local p = problem.of(e)
  io.stderr:write(format == "json" and M.json(p) or M.text(p, M.style(2)))
end

---The door for C: prints its error.
---@param pointer lightuserdata struct dm_error *
---@return integer
function M.print_error(pointer)
  local err = ffi.cast("struct dm_error *", pointer)
  M.print(problem.of_c(err.status, ffi.string(err.text)))
  return 0
end

return M
