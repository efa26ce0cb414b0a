-- What changed between two texts, word by word.
local M = {}

---A stretch of text that is in both texts, in the first only, or in the second only.
---@class dm.Stretch
---@field kind "="|"-"|"+"
---@field text string

-- More edits than this are told as one: the middle replaced as a whole. Time and memory grow with their square.
local MOST_EDITS = 400

---Bytes of the character that a byte begins; 1 for one that begins none.
local function size_of(byte)
  return byte >= 0xF0 and 4 or byte >= 0xE0 and 3 or byte >= 0xC2 and 2 or 1
end

-- From U+2000 on nearly every character stands for itself: punctuation, ideographs, syllables, emoji.
local function is_alone(text, at, byte)
  if byte == 0xE1 or byte < 0xE1 and byte >= 0xC3 or byte == 0xE0 then return false end
  return byte < 0x80 and not text:find("^[%w_]", at) or byte >= 0x80
end

---Words, and every other character by itself.
---@param text string
---@return string[]
function M.tokens(text)
  local list, at = {}, 1
  while at <= #text do
    local byte, to = text:byte(at), at
    if is_alone(text, at, byte) then
      to = at + size_of(byte) - 1
    else
      while to < #text + 1 and not is_alone(text, to, text:byte(to)) do
        to = to + size_of(text:byte(to))
        if to > #text then break end
      end
      to = to - 1
    end
    list[#list + 1] = text:sub(at, to)
    at = to + 1
  end
  return list
end

---Goes down the diagonals for as long as tokens are the same.
local function slide(a, b, x, y, na, nb)
  while x < na and y < nb and a[x + 1] == b[y + 1] do x, y = x + 1, y + 1 end
  return x, y
end

---The furthest point on diagonal k with d edits.
local function start_of(v, k, d)
  if k == -d or k ~= d and v[k - 1] < v[k + 1] then return v[k + 1] end
  return v[k - 1] + 1
end

---The states of Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986) until the end is reached, or nil.
local function search(a, b, na, nb)
  local v, states = { [1] = 0 }, {}
  for d = 0, MOST_EDITS do
    local copy = {}
    for k = -d - 1, d + 1 do copy[k] = v[k] end
    states[d] = copy
    for k = -d, d, 2 do
      local x = start_of(v, k, d)
      local y
      x, y = slide(a, b, x, x - k, na, nb)
      v[k] = x
      if x >= na and y >= nb then return states, d end
    end
  end
end

---The edits, last first.
local function walk_back(a, b, states, edits)
  local x, y, list = #a, #b, {}
  for d = edits, 0, -1 do
    local k = x - y
    local from = d == 0 and 0 or start_of(states[d], k, d)
    local down = d > 0 and (k == -d or k ~= d and states[d][k - 1] < states[d][k + 1])
    while x > from and y > from - k do
      list[#list + 1] = { "=", a[x] }
      x, y = x - 1, y - 1
    end
    if d > 0 and down then
      list[#list + 1] = { "+", b[y] }
      y = y - 1
    elseif d > 0 then
      list[#list + 1] = { "-", a[x] }
      x = x - 1
    end
  end
  return list
end

---Joins neighbours of one kind; what went stands before what came.
local function join(list)
  local out, parts = {}, { ["="] = {}, ["-"] = {}, ["+"] = {} }
  local function flush(kind)
    if #parts[kind] > 0 then out[#out + 1] = { kind = kind, text = table.concat(parts[kind]) } end
    parts[kind] = {}
  end
  for _, edit in ipairs(list) do
    if edit[1] == "=" then
      flush "-"
      flush "+"
    else
      flush "="
    end
    table.insert(parts[edit[1]], edit[2])
  end
  flush "="
  flush "-"
  flush "+"
  return out
end

---How many tokens two lists have in common at their ends.
local function common(a, b)
  local head, tail, most = 0, 0, math.min(#a, #b)
  while head < most and a[head + 1] == b[head + 1] do head = head + 1 end
  while tail < most - head and a[#a - tail] == b[#b - tail] do tail = tail + 1 end
  return head, tail
end

local function append(list, kind, tokens, from, to)
  for i = from, to do list[#list + 1] = { kind, tokens[i] } end
end

---@param before string
---@param after string
---@return dm.Stretch[]
function M.words(before, after)
  local a, b, list = M.tokens(before), M.tokens(after), {}
  local head, tail = common(a, b)
  local x, y = {}, {}
  for i = head + 1, #a - tail do x[#x + 1] = a[i] end
  for i = head + 1, #b - tail do y[#y + 1] = b[i] end
  append(list, "=", a, 1, head)
  local states, edits = search(x, y, #x, #y)
  if states then
    local back = walk_back(x, y, states, edits)
    for i = #back, 1, -1 do list[#list + 1] = back[i] end
  else
    append(list, "-", x, 1, #x)
    append(list, "+", y, 1, #y)
  end
  append(list, "=", a, #a - tail + 1, #a)
  return join(list)
end

return M
