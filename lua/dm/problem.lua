-- Errors for people, all of one form: what went wrong, where, why, what to do next, and the command that does it
-- again. Whoever knows most raises one (M.raise); whoever catches makes one of anything that was thrown (M.of) and
-- prints it (dm.problem.show). C's errors come here as text: see M.of_c.
local locate = require "dm.problem.locate"
local raised = require "dm.raised"
local row_id = require "dm.row_id"

local M = {}

---@class dm.Place
---@field path string
---@field line integer
---@field col integer in bytes, from 1
---@field size integer of what is meant, in bytes
---@field text string? the line of the source

---@class dm.Problem
---@field what string a sentence: what is wrong and why
---@field at dm.Place? where in a file of Lua
---@field unsaid boolean? `at` is where it was raised, which the message itself does not say
---@field parameter string? of an operator, by who does not know the pipeline's file: it gets its place from who does
---@field value boolean? with `parameter`: its value is meant, not its name
---@field row string? FILE@OFFSET of the row that it happened on
---@field row_text string? the row's bytes, or their beginning
---@field row_line integer? which line of its file it is
---@field next string? what to do
---@field replay string? the command that does it again
---@field traceback string?
local Problem = {}
Problem.__index = Problem

function Problem.__tostring(p)
  return M.line(p)
end

-- Whoever caught one as a message goes on to build text of it.
function Problem.__concat(a, b)
  return tostring(a) .. tostring(b)
end

---@param what string
---@param more table? the other fields
---@return dm.Problem
function M.new(what, more)
  local p = more or {}
  p.what = what
  return setmetatable(p, Problem)
end

---Raises one.
---@param what string
---@param more table?
function M.raise(what, more)
  error(M.new(what, more), 0)
end

---@param e any
---@return boolean
function M.is(e)
  return getmetatable(e) == Problem
end

---In one line, for logs and for whoever wants a string: FILE:LINE:COL: WHAT; NEXT.
---@param p dm.Problem
---@return string
function M.line(p)
  local where = p.at and ("%s:%d:%d: "):format(p.at.path, p.at.line, p.at.col) or p.row and p.row .. ": " or ""
  return where .. M.sentence(p)
end

---What is wrong, and what to do: WHAT; NEXT.
---@param p dm.Problem
---@return string
function M.sentence(p)
  if not p.next then return p.what end
  return p.what .. (p.what:sub(-1) == "?" and " " or "; ") .. p.next
end

---Text of a Lua file: as it was read by this run, or of the binary. Messages of Lua cut long names at the front.
---@param name string
---@return string? text
---@return string? path in full
local function source(name)
  local text, path = require("dm.sources").find(name)
  return text, path or name
end

---A line of a text.
local function line_of(text, number)
  local n = 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    n = n + 1
    if n == number then return (line:gsub("\r$", "")) end
  end
end

---A place in a file.
---@param path string
---@param line integer
---@param col integer
---@param size integer?
---@return dm.Place
function M.place(path, line, col, size)
  local text = source(path)
  return { path = path, line = line, col = col, size = size or 1, text = text and line_of(text, line) }
end

---Where the entry of a pipeline's table stands, as far as its file tells.
---@param path string of the file
---@param entry (string|integer)[]
---@param value boolean?
---@return { text: string?, line: integer, col: integer, size: integer }?
function M.word_of_entry(path, entry, value)
  local recipe = require "dm.recipe"
  if recipe.is(path) then return recipe.word(path, entry, value) end
  local text = source(path)
  return text and locate.entry(text, "pipeline", entry, value)
end

---The same as a place to show.
---@param path string of the file
---@param entry (string|integer)[]
---@param value boolean?
---@return dm.Place?
function M.place_of_entry(path, entry, value)
  local word = M.word_of_entry(path, entry, value)
  return word and M.place(path, word.line, word.col, word.size)
end

local INDEXES, CALLS = { ["."] = true, ["["] = true, [":"] = true }, { ["("] = true, ["{"] = true }

---Whether the word behind the one that a message is about fits what the message says of it.
local function follows(message)
  if message:find "^attempt to index" then return function(next_word) return INDEXES[next_word] end end
  if message:find "^attempt to call" then return function(next_word) return CALLS[next_word] end end
  return function(next_word) return next_word ~= "=" end
end

---In longer lines nobody looks for a word, and finding it takes long: this is no text that somebody has written.
local LONGEST_LINE = 10000

---Behind the last word of a text.
local function place_of_end(path, text)
  local words = locate.words(text)
  local last = words[#words]
  return last and M.place(path, last.line, last.col + last.size)
end

---The word that Lua's message is about: what it quotes, as in "attempt to index field 'meta'"; else what raised it.
local function place_of_message(path, line, message)
  local text, full = source(path)
  if text and #(line_of(text, line) or "") > LONGEST_LINE then text = nil end
  local at_end = text and message:find "near '<eof>'$" and place_of_end(full, text)
  if at_end then return at_end end
  local quoted = message:match "near '([^']*)'$" or message:match "[lfumg][%w]+ '([%w_]+)'"
    or message:match "^module '([^']+)' not found" or message:match "^dm%.(%w+) takes"
  quoted = quoted and quoted:gsub("^[\"']", "")
  local wanted = quoted or "error"
  local word = text and message:find " near '" and locate.fault(text, line, message)
  wanted = word and word.text or wanted
  word = word or text and locate.word(text, line, wanted, follows(message))
  local place = M.place(full, line, word and word.col or 1, word and word.size)
  if place.text and word and word.text ~= wanted then place.size = #place.text - word.col + 1 end
  return place
end

---Frames of the user's own files; those of the host say nothing to whom the error is for.
local function own_frames(traceback)
  local list = {}
  for frame in traceback:gmatch "[^\n]+" do
    if not frame:find "^%s*lua/dm/" and not frame:find "^%s*%[C%]" then list[#list + 1] = frame end
  end
  return #list > 1 and table.concat(list, "\n") or nil
end

---"module 'x' not found" and the places that were searched.
local function of_module(text)
  local name = text:match "^module '([^']+)' not found:"
  if not name then return nil end
  local places, seen = {}, {}
  for path in text:gmatch "no file '%./([^']+%.lua)'" do
    if not seen[path] then places[#places + 1] = path end
    seen[path] = true
  end
  local what = ('there is no module "%s"'):format(name)
  return M.new(what, { next = "it was looked for in " .. table.concat(places, ", ")
    .. ", in the binary and where Debian keeps Lua modules" })
end

---Whether a file is the host's own: its lines say nothing to whom the error is for.
local function is_own(path)
  return path:find "^lua/dm/" or path:find "^ops/" and require("dm.embedded").read(path) ~= nil
end

---The last place in the user's files that a traceback knows.
local function user_place(traceback, message)
  for path, line in (traceback or ""):gmatch "\n?\t([^\n:]+):(%d+): in" do
    if not is_own(path) and source(path) then return place_of_message(path, tonumber(line), message) end
  end
end

---"FILE:LINE:COL: WHAT" or "FILE:LINE: WHAT" in parts; without a file that there is, all of it is WHAT.
local function split_message(body)
  local path, line, col, what = body:match "^([^\n]-):(%d+):(%d+): (.*)$"
  if not path then path, line, what = body:match "^([^\n]-):(%d+): (.*)$" end
  if path and source(path) then return what, path, tonumber(line), tonumber(col) end
  return body
end

---Makes a problem of Lua's message, with or without a traceback.
---@param text string
---@param row_text string? of the row that it happened on
---@return dm.Problem
local function parse(text, row_text)
  local body, traceback = text:match "^(.-)\nstack traceback:\n(.*)$"
  local what, path, line, col = split_message(body or text)
  local p = of_module(what) or M.new(what)
  if path and is_own(path) then
    p.at = user_place(traceback, what)
  elseif path then
    p.at = col and M.place(path, line, col) or place_of_message(path, line, what)
  end
  p.traceback = traceback and own_frames(traceback)
  p.next = p.next or require("dm.problem.hints").of(what, row_text, p.at)
  return p
end

---Makes a problem of anything that was thrown.
---@param e any
---@return dm.Problem
function M.of(e)
  if M.is(e) then return e end
  return parse(raised.text(e))
end

---For xpcall: like M.of, and knows the traceback.
---@param e any
---@return dm.Problem
function M.catch(e)
  if M.is(e) then return e end
  return parse(debug.traceback(raised.text(e), 2))
end

local EROW = require("ffi").C.DM_EROW

local COUNTED, BLOCK = 64 * 2 ^ 20, 2 ^ 20

---Which line of its file a row stands in; nil where that takes long to find out or lines say nothing.
local function line_of_row(id)
  local path, left = row_id.parse(id)
  local file = left and left <= COUNTED and io.open(path, "rb")
  if not file then return nil end
  local line, block = 1, file:read(math.min(left, BLOCK))
  if block and (block:find "^\31\139" or block:find "^\40\181\47\253") then block, line = nil, nil end
  while block do
    line = line + select(2, block:gsub("\n", ""))
    left = left - #block
    block = left > 0 and file:read(math.min(left, BLOCK)) or nil
  end
  file:close()
  return line
end

---Makes a problem of a row that failed.
---@param row string FILE@OFFSET
---@param op string? the operator; nil: none saw the row
---@param reason string
---@param bytes string? of the row
---@return dm.Problem
function M.of_row(row, op, reason, bytes)
  local p = parse(reason, bytes)
  p.what = (op and ("%s fails on a row: "):format(op) or "a row is not valid input: ") .. p.what
  p.row, p.row_text, p.row_line = row, bytes, line_of_row(row)
  return p
end

---Makes a problem of C's error. Its text is WHAT, and on a line of its own what to do next; of DM_EROW the row's id,
---the operator (empty: none saw the row), the reason, and last the row's beginning, each on a line. Lua's own errors
---that passed through C have a traceback.
---@param status integer
---@param text string
---@param instead string? what to do next, when the caller knows better
---@return dm.Problem
function M.of_c(status, text, instead)
  if status == EROW then
    local row, op, reason, bytes = text:match "^([^\n]*)\n([^\n]*)\n(.*)\n([^\n]*)$"
    if row then return M.of_row(row, op ~= "" and op or nil, reason, bytes) end
  end
  if text:find("\nstack traceback:\n", 1, true) then return parse(text) end
  local what, next_step = text:match "^(.-)\n(.*)$"
  local p = parse(what or text)
  p.next = instead or next_step or p.next
  return p
end

return M
