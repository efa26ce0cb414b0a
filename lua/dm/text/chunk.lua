-- Cuts texts into chunks as Data-Juicer's text_chunk does. Lengths count code points.
local ffi = require "ffi"
local C = ffi.C

local M = {}

local span = ffi.new "struct dm_text_span"

---Whether a text is white space alone, as Python's strip sees it.
local function is_blank(s)
  C.dm_text_strip(s, #s, span)
  return span.start == span["end"]
end

---The byte at which code point number `count` from byte `at` on starts; #s when there are no more.
local function advance(s, at, count)
  return at + C.dm_text_offset(ffi.cast("const char *", s) + at, #s - at, count)
end

---Chunks of `size` code points that begin every `step` ones; the text itself when it is no longer.
---@param s string
---@param size integer
---@param step integer
---@return string[]
function M.windows(s, size, step)
  local list, at = {}, 0
  if advance(s, 0, size) == #s then return { s } end
  while at < #s do
    list[#list + 1] = s:sub(at + 1, advance(s, at, size))
    at = advance(s, at, step)
  end
  return list
end

---The pieces between matches and the groups of each match, as re.split of Python gives them, without blank ones.
---@param s string
---@param re dm.Regex
---@return string[]
function M.split(s, re)
  local list, from, groups = {}, 1, re:groups()
  local function add(piece)
    if not is_blank(piece) then list[#list + 1] = piece end
  end
  local function add_match(first, last, ...)
    if not first then return false end
    add(s:sub(from, first - 1))
    for i = 1, groups do
      add(select(i, ...) or error("a group of the pattern took no part in a match", 0))
    end
    from = last + 1
    return true
  end
  local next_match = re:spans(s)
  while add_match(next_match()) do end
  add(s:sub(from))
  return list
end

---Chunks of at most `size` code points, cut at the last match within them, which goes; where there is none, they are
---cut at the size and the next one begins `overlap` code points before.
---@param s string
---@param re dm.Regex
---@param size integer
---@param overlap integer less than size
---@return string[]
function M.at_pattern(s, re, size, overlap)
  local list, at = {}, 0
  while true do
    local stop = advance(s, at, size)
    if stop == #s then break end
    local window = s:sub(at + 1, stop)
    local first, last = re:last(window)
    if last == 0 then error("the pattern matches only the empty start of a chunk: no chunk would end", 0) end
    list[#list + 1] = first and window:sub(1, first - 1) or window
    at = first and at + last or advance(s, at, size - overlap)
  end
  list[#list + 1] = s:sub(at + 1)
  return list
end

return M
