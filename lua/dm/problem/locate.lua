-- Finds the place in a Lua text that an error is about: the entry of a table constructor, or a word in a line.
-- Lua itself knows lines only, and nothing of a table once it is made; so the text is read again as words.
local M = {}

---@class dm.Word
---@field text string as it stands; of a string its content
---@field kind "name"|"string"|"number"|"sign"
---@field line integer
---@field col integer in bytes, from 1
---@field size integer in bytes
---@field last integer offset of its last byte in the text

---A word of the text, by its first byte: kind, where it ends, its content.
local function read_string(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then
      i = i + 1
    elseif c == quote or c == "\n" then
      break
    end
    i = i + 1
  end
  return "string", i, text:sub(at + 1, i - 1)
end

local function read_long(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return "sign", at, "[" end
  local _, last = text:find("]" .. level .. "]", at, true)
  last = last or #text
  return "string", last, text:sub(at + #level + 2, last - #level - 2)
end

local function read_word(text, at)
  local c = text:sub(at, at)
  if c == '"' or c == "'" then return read_string(text, at) end
  if c == "[" then return read_long(text, at) end
  local name = text:match("^[%a_][%w_]*", at)
  if name then return "name", at + #name - 1, name end
  local number = text:match("^%d[%w.]*", at)
  if number then return "number", at + #number - 1, number end
  local sign = text:match("^[=~<>]=", at) or c
  return "sign", at + #sign - 1, sign
end

---Where the blanks and comments that begin at a byte end.
local function skip(text, at)
  while true do
    local from = text:find("%S", at)
    if not from or text:sub(from, from + 1) ~= "--" then return from or #text + 1 end
    local level = text:match("^%[(=*)%[", from + 2)
    local _, last = text:find(level and "]" .. level .. "]" or "\n", from, true)
    at = (last or #text) + 1
  end
end

local known, known_words -- the last text: a pipeline of many operators is asked for the place of each
local known_tables -- of that text, by the number of the word that opens them

---The words of a Lua text; of one that does not parse, too.
---@param text string
---@return dm.Word[]
function M.words(text)
  if text == known then return known_words end
  local list, line, line_start, seen = {}, 1, 1, 1
  local at = skip(text, 1)
  while at <= #text do
    for newline in text:sub(seen, at - 1):gmatch "()\n" do
      line, line_start = line + 1, seen + newline
    end
    seen = at
    local kind, last, content = read_word(text, at)
    list[#list + 1] = { kind = kind, text = content, line = line, col = at - line_start + 1, size = last - at + 1,
      last = last }
    at = skip(text, last + 1)
  end
  known, known_words, known_tables = text, list, {}
  return list
end

local OPENS = { ["{"] = true, ["("] = true, ["["] = true, ["function"] = true, ["do"] = true, ["if"] = true,
  ["repeat"] = true }
local CLOSES = { ["}"] = true, [")"] = true, ["]"] = true, ["end"] = true, ["until"] = true }

local function is_code(word, text)
  return word and word.kind ~= "string" and (not text or word.text == text)
end

---Behind the entry of a table that begins at word i.
local function entry_end(words, i)
  local depth = 0
  while words[i] do
    local w = words[i]
    if is_code(w) then
      if depth == 0 and (w.text == "," or w.text == ";" or CLOSES[w.text]) then return i end
      if OPENS[w.text] then depth = depth + 1 elseif CLOSES[w.text] then depth = depth - 1 end
    end
    i = i + 1
  end
  return i
end

---The key of the entry at word i (nil: it has none), and where its value begins.
local function entry_key(words, i)
  local w = words[i]
  if w.kind == "name" and is_code(words[i + 1], "=") then return w.text, i + 2 end
  if is_code(w, "[") and is_code(words[i + 3], "=") then
    return words[i + 1].kind == "number" and tonumber(words[i + 1].text) or words[i + 1].text, i + 4
  end
  return nil, i
end

---The entries of the table that opens at word i, by key: where each and its value begin. Found once for a text.
---@return table<any, { entry: integer, value: integer }>
local function entries_of(words, i)
  local opened = i
  if known_tables[opened] then return known_tables[opened] end
  local entries, place = {}, 0
  i = i + 1
  while words[i] and not is_code(words[i], "}") do
    local key, value = entry_key(words, i)
    if key == nil then
      place = place + 1
      key = place
    end
    entries[key] = entries[key] or { entry = i, value = value }
    i = entry_end(words, value)
    if is_code(words[i], ",") or is_code(words[i], ";") then i = i + 1 end
  end
  known_tables[opened] = entries
  return entries
end

---Where the table begins that `pipeline` (or another function) is called with.
local function find_call(words, name)
  for i, w in ipairs(words) do
    if w.kind == "name" and w.text == name then
      local at = is_code(words[i + 1], "(") and i + 2 or i + 1
      if is_code(words[at], "{") then return at end
    end
  end
end

---The place of an entry in the table that a function is called with, as far as the text tells: for the path
---{ "operators", 2, "min_len" } of `dm.pipeline { operators = { ... } }`, the second operator's key min_len.
---@param text string
---@param call string name of the function
---@param path (string|integer)[]
---@param value boolean? the entry's value instead of its key
---@return dm.Word?
function M.entry(text, call, path, value)
  local words = M.words(text)
  local at = find_call(words, call)
  local found = at
  for i, key in ipairs(path) do
    if not at or not is_code(words[at], "{") then break end
    local found_entry = entries_of(words, at)[key]
    if not found_entry then break end
    found = (i == #path and not value) and found_entry.entry or found_entry.value
    at = found_entry.value
  end
  return words[found]
end

---The word at which the text stops being Lua: the first on that line at which its beginning fails in the same way.
---@param text string
---@param line integer
---@param message string of loadstring, from behind the line's number
---@return dm.Word?
function M.fault(text, line, message)
  for _, w in ipairs(M.words(text)) do
    if w.line == line then
      local _, other = loadstring(text:sub(1, w.last), "=")
      if other and other:match ":%d+: (.*)$" == message then return w end
    end
  end
end

---A word in a line, such as the one that Lua's message quotes; without one, the first of the line.
---@param text string
---@param line integer
---@param word string?
---@param fits (fun(following: string?): boolean?)? which of several: the first whose next word this says yes to
---@return dm.Word?
function M.word(text, line, word, fits)
  local first, found
  local words = M.words(text)
  for i, w in ipairs(words) do
    if w.line == line then
      if w.text == word and (not fits or fits(words[i + 1] and words[i + 1].text)) then return w end
      first, found = first or w, found or w.text == word and w or nil
    end
  end
  return found or first
end

return M
