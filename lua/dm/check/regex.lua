-- Reads a regular expression as a tree, as far as it is needed to tell whether matching it may take a time that grows
-- faster than the text does. Notation: what PCRE2 and Python's `re` and `regex` have in common.
local M = {}

---@class dm.RegexItem one step of a pattern
---@field kind "char"|"set"|"any"|"zero"|"group"|"look"
---@field text string as it is written, without its quantifier
---@field written string the same with it
---@field min integer
---@field max number
---@field possessive boolean?
---@field alternatives dm.RegexItem[][]? of a group, and of what looks around
---@field atomic boolean?
---@field anchor boolean? it holds at few places only: ^, \A, \G
---@field behind boolean? it looks behind

local parse_alternatives

local ZERO = { A = true, b = true, B = true, G = true, Z = true, z = true, K = true }

local function parse_escape(p, at)
  local c = p:sub(at + 1, at + 1)
  local hex = p:match("^\\[xgkpP]%b{}", at) or p:match("^\\x%x?%x?", at) or p:match("^\\u%x%x%x%x", at)
    or p:match("^\\U%x%x%x%x%x%x%x%x", at) or p:match("^\\[pP].", at) or p:match("^\\[^\128-\191][\128-\191]*", at)
    or "\\"
  local kind = ZERO[c] and "zero" or c:find "[dDwWsShHvVpPNRX]" and "set" or "char"
  return { kind = kind, text = hex, anchor = (c == "A" or c == "G") or nil }, at + #hex
end

---Behind the end of a bracket expression.
local function set_end(p, at)
  local i = at + 1
  if p:sub(i, i) == "^" then i = i + 1 end
  if p:sub(i, i) == "]" then i = i + 1 end
  while i <= #p and p:sub(i, i) ~= "]" do
    if p:find("^%[[:.=]", i) then i = select(2, p:find("[:.=]%]", i + 2)) or i end
    i = i + (p:sub(i, i) == "\\" and 2 or 1)
  end
  return i + 1
end

---What follows an opening parenthesis: pattern of Lua, and what such a group is.
local GROUPS = {
  { "^%?[=!]", { kind = "look" } },
  { "^%?<[=!]", { kind = "look", behind = true } },
  { "^%?>", { kind = "group", atomic = true } },
  { "^%?P?<[%w_]+>", { kind = "group" } },
  { "^%?'[%w_]+'", { kind = "group" } },
  { "^%?[%a^-]*:", { kind = "group" } },
  { "^%?|", { kind = "group" } },
}

local function parse_group(p, at)
  local inner, item = at + 1, { kind = "group" }
  local comment = p:match("^%(%?#[^)]*%)", at) or p:match("^%(%?[%a^-]+%)", at) or p:match("^%(%*[^)]*%)", at)
    or p:match("^%(%?P?[=>][%w_]+%)", at)
  if comment then return { kind = "zero", text = comment }, at + #comment end
  for _, group in ipairs(GROUPS) do
    local head = p:match(group[1], inner)
    if head then
      inner = inner + #head
      for k, v in pairs(group[2]) do item[k] = v end
      break
    end
  end
  local last
  item.alternatives, last = parse_alternatives(p, inner)
  item.text = p:sub(at, last)
  return item, last + 1
end

local function parse_atom(p, at)
  local c = p:sub(at, at)
  if c == "\\" then return parse_escape(p, at) end
  if c == "(" then return parse_group(p, at) end
  if c == "[" then
    local last = set_end(p, at)
    return { kind = "set", text = p:sub(at, last - 1) }, last
  end
  if c == "." then return { kind = "any", text = c }, at + 1 end
  if c == "^" or c == "$" then return { kind = "zero", text = c, anchor = c == "^" or nil }, at + 1 end
  local char = p:match("^[^\128-\191][\128-\191]*", at) or c
  return { kind = "char", text = char }, at + #char
end

local SIGNS = { ["*"] = { 0, math.huge }, ["+"] = { 1, math.huge }, ["?"] = { 0, 1 } }

---Reads the quantifier behind an item, if there is one.
local function parse_quantifier(p, at, item)
  local sign = SIGNS[p:sub(at, at)]
  local low, comma, high = p:match("^{(%d*)(,?)(%d*)}", at)
  if sign then
    item.min, item.max, at = sign[1], sign[2], at + 1
  elseif low and (low ~= "" or high ~= "") then
    item.min = tonumber(low) or 0
    item.max = comma == "" and item.min or tonumber(high) or math.huge
    at = select(2, p:find("}", at, true)) + 1
  else
    item.min, item.max = 1, 1
    return at
  end
  local mode = p:match("^[+?]", at)
  item.possessive = mode == "+"
  return at + (mode and 1 or 0)
end

function parse_alternatives(p, at)
  local list, sequence = {}, {}
  while at <= #p and p:sub(at, at) ~= ")" do
    if p:sub(at, at) == "|" then
      list[#list + 1], sequence, at = sequence, {}, at + 1
    else
      local item
      local first = at
      item, at = parse_atom(p, at)
      at = parse_quantifier(p, at, item)
      item.written = p:sub(first, at - 1)
      sequence[#sequence + 1] = item
    end
  end
  list[#list + 1] = sequence
  return list, at
end

---@param pattern string
---@return dm.RegexItem[][] alternatives
function M.parse(pattern)
  return (parse_alternatives(pattern, 1))
end

---Whether an item can match nothing.
---@param item dm.RegexItem
---@return boolean
function M.may_be_empty(item)
  if item.min == 0 or item.kind == "zero" or item.kind == "look" then return true end
  for _, sequence in ipairs(item.alternatives or {}) do
    local empty = true
    for _, inner in ipairs(sequence) do empty = empty and M.may_be_empty(inner) end
    if empty then return true end
  end
  return false
end

---Whether an item matches nearly every character.
---@param item dm.RegexItem
---@return boolean
function M.is_wildcard(item)
  return item.kind == "any" or item.kind == "set" and item.text:find "^%[%^" ~= nil
    or item.text == "\\S" or item.text == "\\D" or item.text == "\\W"
end

---Whether a wildcard may also match what another item does.
local function overlaps(wildcard, other)
  if not M.is_wildcard(wildcard) then return false end
  if wildcard.kind == "any" then return other.text ~= "\\n" end
  return other.kind == "char" and not wildcard.text:find(other.text, 1, true)
    and not (wildcard.text == "\\S" and other.text:find "^[ \\]")
end

---An item of a sequence that is repeated without bound, where nothing beside it tells where one repetition ends.
local function loose_repetition(sequence)
  for i, item in ipairs(sequence) do
    local loose = item.max == math.huge and not item.possessive
    for k, other in ipairs(sequence) do
      if k ~= i and not M.may_be_empty(other) and not overlaps(item, other) then loose = false end
    end
    if loose then return item end
  end
end

---A repeated group in which something is repeated that can be cut in many ways, as (a+)+ is; it takes a time that
---doubles with each further character.
---@param alternatives dm.RegexItem[][]
---@return string? text of the group
function M.nested(alternatives)
  for _, sequence in ipairs(alternatives) do
    for _, item in ipairs(sequence) do
      if item.alternatives then
        for _, inner in ipairs(item.kind == "group" and item.max == math.huge and not item.possessive
          and not item.atomic and item.alternatives or {}) do
          if loose_repetition(inner) then return item.written end
        end
        local found = M.nested(item.alternatives)
        if found then return found end
      end
    end
  end
end

---Whether something must match behind an item of a sequence.
local function must_follow(sequence, at)
  for i = at + 1, #sequence do
    local item = sequence[i]
    if not M.may_be_empty(item) or item.kind ~= "char" and item.min > 0 then return true end
  end
  return false
end

---@class dm.RegexBeginning
---@field item dm.RegexItem what is repeated
---@field written string the pattern up to it
---@field certain boolean no text is needed to see that it is read again: nothing stands before it

---What a pattern begins with, up to an item that is repeated without bound, when something must follow: each place of a
---text may then be tried anew, with a time that grows with the square of the text's length.
---@param alternatives dm.RegexItem[][]
---@return dm.RegexBeginning?
function M.beginning(alternatives)
  for _, sequence in ipairs(alternatives) do
    local written, certain = "", true
    for i, item in ipairs(sequence) do
      if item.anchor then break end
      written = written .. item.written
      if item.kind == "group" then
        local inner = item.min > 0 and (must_follow(sequence, i) or i == #sequence) and M.beginning(item.alternatives)
        if inner then return inner end
        break
      elseif item.max == math.huge then
        if must_follow(sequence, i) then return { item = item, written = written, certain = certain } end
        break
      end
      certain = certain and item.kind == "zero"
    end
  end
end

return M
