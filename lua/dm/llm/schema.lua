-- Checks JSON against a JSON Schema (draft 2020-12): what model servers take in `response_format`. What a schema says
-- that is not checked here raises when the checker is made, so that nothing passes for checked that is not.
local kinds = require "dm.kind"
local sample = require "dm.sample"
local sorted_keys = require "dm.sorted_keys"
local text = require "dm.text"

local M = {}

---Words that say nothing about what is valid.
local NOTES = { title = true, description = true, default = true, examples = true, ["$schema"] = true, ["$id"] = true,
  ["$comment"] = true, ["$defs"] = true, definitions = true, format = true, deprecated = true, readOnly = true,
  writeOnly = true }

-- A schema that goes deeper than this refers to itself; and so many steps are enough for any answer.
local MAX_DEPTH, MAX_STEPS = 64, 1e6

---A value of a reply: a node, text, number, boolean or sample.null, with its type.
local function type_of(v)
  if rawequal(v, sample.null) then return "null" end
  local t = type(v)
  if t == "cdata" and sample.is_node(v) then return kinds.is_list(v) and "array" or "object" end
  if t == "cdata" then return "integer" end -- beyond 2^53
  if t == "number" then return v % 1 == 0 and "integer" or "number" end
  return t
end

---A member with null as sample.null; nil when there is none.
local function member(node, key)
  local v = node[key]
  if v == nil and sample.raw(node, key) then return sample.null end
  return v
end

local function is_equal(v, wanted)
  if type(wanted) == "table" and not rawequal(wanted, sample.null) then
    return type_of(v) == (kinds.is_list(wanted) and "array" or "object") and sample.json(sample.totable(v)) ==
      sample.json(wanted)
  end
  return v == wanted
end

local check
local steps -- of the check that runs

-- A function for each word: (schema, v, type, where, depth) -> what is wrong, or nil.
local words = {}

function words.type(s, _, kind)
  local allowed = type(s.type) == "table" and s.type or { s.type }
  for _, name in ipairs(allowed) do
    if name == kind or name == "number" and kind == "integer" then return nil end
  end
  return ("is %s, not %s"):format(kind, table.concat(allowed, " or "))
end

function words.enum(s, v)
  for _, wanted in ipairs(s.enum) do
    if is_equal(v, wanted) then return nil end
  end
  return "is none of " .. sample.json(s.enum)
end

function words.const(s, v)
  return not is_equal(v, s.const) and "is not " .. sample.json(s.const) or nil
end

local function bound(word, of, measure, holds, message)
  words[word] = function(s, v, kind)
    if not of[kind] or type(v) == "cdata" and not sample.is_node(v) then return nil end
    return not holds(measure(v), s[word]) and message:format(tostring(s[word])) or nil
  end
end

local NUMBERS, TEXTS, LISTS, OBJECTS = { number = true, integer = true }, { string = true }, { array = true },
  { object = true }
local function at_least(a, b) return a >= b end
local function at_most(a, b) return a <= b end
local function itself(v) return v end
local function size(v) return #v end
local function members(v)
  local n = 0
  for _ in sample.each(v) do n = n + 1 end
  return n
end

bound("minimum", NUMBERS, itself, at_least, "is below %s")
bound("maximum", NUMBERS, itself, at_most, "is above %s")
bound("exclusiveMinimum", NUMBERS, itself, function(a, b) return a > b end, "is not above %s")
bound("exclusiveMaximum", NUMBERS, itself, function(a, b) return a < b end, "is not below %s")
bound("multipleOf", NUMBERS, itself, function(a, b) return math.abs(a / b - math.floor(a / b + 0.5)) < 1e-9 end,
  "is no multiple of %s")
bound("minLength", TEXTS, text.length, at_least, "is shorter than %s")
bound("maxLength", TEXTS, text.length, at_most, "is longer than %s")
bound("minItems", LISTS, size, at_least, "has less than %s elements")
bound("maxItems", LISTS, size, at_most, "has more than %s elements")
bound("minProperties", OBJECTS, members, at_least, "has less than %s members")
bound("maxProperties", OBJECTS, members, at_most, "has more than %s members")

function words.pattern(s, v, kind)
  if kind ~= "string" then return nil end
  return not text.regex(s.pattern):find(v) and "does not match " .. s.pattern or nil
end

function words.required(s, v, kind)
  if kind ~= "object" then return nil end
  for _, key in ipairs(s.required) do
    if member(v, key) == nil then return ("has no member %q"):format(key) end
  end
end

function words.properties(s, v, kind, where, depth)
  if kind ~= "object" then return nil end
  for _, key in ipairs(sorted_keys(s.properties)) do
    local value = member(v, key)
    local wrong = value ~= nil and check(s.root, s.properties[key], value, where .. "." .. key, depth + 1)
    if wrong then return nil, wrong end
  end
end

function words.additionalProperties(s, v, kind, where, depth)
  if kind ~= "object" then return nil end
  for key, value in sample.each(v) do
    if not (s.properties or {})[key] then
      if s.additionalProperties == false then return ("has a member %q that is not asked for"):format(key) end
      local wrong = check(s.root, s.additionalProperties, value, where .. "." .. key, depth + 1)
      if wrong then return nil, wrong end
    end
  end
end

function words.items(s, v, kind, where, depth)
  if kind ~= "array" then return nil end
  for i = #(s.prefixItems or {}) + 1, #v do
    local wrong = check(s.root, s.items, member(v, i), ("%s[%d]"):format(where, i - 1), depth + 1)
    if wrong then return nil, wrong end
  end
end

function words.prefixItems(s, v, kind, where, depth)
  if kind ~= "array" then return nil end
  for i = 1, math.min(#s.prefixItems, #v) do
    local wrong = check(s.root, s.prefixItems[i], member(v, i), ("%s[%d]"):format(where, i - 1), depth + 1)
    if wrong then return nil, wrong end
  end
end

function words.allOf(s, v, _, where, depth)
  for _, one in ipairs(s.allOf) do
    local wrong = check(s.root, one, v, where, depth + 1)
    if wrong then return nil, wrong end
  end
end

local function count_valid(s, list, v, where, depth)
  local n, wrong = 0, nil
  for _, one in ipairs(list) do
    local fault = check(s.root, one, v, where, depth + 1)
    if fault then wrong = wrong or fault else n = n + 1 end
  end
  return n, wrong
end

function words.anyOf(s, v, _, where, depth)
  local n, wrong = count_valid(s, s.anyOf, v, where, depth)
  if n == 0 then return nil, wrong end
end

function words.oneOf(s, v, _, where, depth)
  local n, wrong = count_valid(s, s.oneOf, v, where, depth)
  if n == 0 then return nil, wrong end
  return n > 1 and "fits more than one form" or nil
end

words["not"] = function(s, v, _, where, depth)
  return not check(s.root, s["not"], v, where, depth + 1) and "is what it must not be" or nil
end

---What "#/$defs/name" stands for.
local function resolve(root, ref)
  local found = root
  for part in ref:gsub("^#/?", ""):gmatch "[^/]+" do
    found = type(found) == "table" and found[(part:gsub("~1", "/"):gsub("~0", "~"))]
  end
  if not ref:find "^#" or type(found) ~= "table" then error(("schema: there is no %s in it"):format(ref), 0) end
  return found
end

words["$ref"] = function(s, v, _, where, depth)
  return nil, check(s.root, resolve(s.root, s["$ref"]), v, where, depth + 1)
end

---What is wrong with a value, or nil.
---@param root table the whole schema
---@param s table|boolean
---@param where string the value's place in the reply
function check(root, s, v, where, depth)
  if s == true or s == nil then return nil end
  if s == false then return where .. " must not be there" end
  steps = steps + 1
  if depth > MAX_DEPTH or steps > MAX_STEPS then return where .. " is nested too deeply" end
  local kind = type_of(v)
  local frame = setmetatable({ root = root }, { __index = s })
  for _, word in ipairs(M.ORDER) do
    if s[word] ~= nil then
      local wrong, deeper = words[word](frame, v, kind, where, depth)
      if wrong then return where .. " " .. wrong end
      if deeper then return deeper end
    end
  end
end

---The words in the order in which they are looked at, so that the same fault is found each time.
M.ORDER = {}
for word in pairs(words) do M.ORDER[#M.ORDER + 1] = word end
table.sort(M.ORDER, function(a, b)
  if a == "type" or b == "type" then return a == "type" and b ~= "type" end
  return a < b
end)

---Looks through a schema for words that are not known, and references that lead nowhere.
local function inspect(root, s, where, depth)
  if type(s) ~= "table" or depth > MAX_DEPTH then return end
  for word, value in pairs(s) do
    if not words[word] and not NOTES[word] then
      error(("schema: %s: %s is not supported"):format(where, tostring(word)), 0)
    end
    if word == "$ref" then resolve(root, value) end
    if word == "pattern" then text.regex(value) end
  end
  for _, word in ipairs { "properties", "$defs", "definitions" } do
    for key, one in pairs(s[word] or {}) do inspect(root, one, where .. "." .. key, depth + 1) end
  end
  for _, word in ipairs { "allOf", "anyOf", "oneOf", "prefixItems" } do
    for _, one in ipairs(s[word] or {}) do inspect(root, one, where, depth + 1) end
  end
  for _, word in ipairs { "items", "not", "additionalProperties" } do inspect(root, s[word], where, depth + 1) end
end

---A checker of a schema. Raises when the schema says what can not be checked.
---@param schema table
---@return fun(v: any): string? wrong what is wrong with a value, for a person or a model; nil when it is valid
function M.compile(schema)
  inspect(schema, schema, "$", 0)
  return function(v)
    steps = 0
    return check(schema, schema, v, "$", 0)
  end
end

---What stands between the first ``` and the next.
local function fenced(answer)
  local _, open = answer:find("```", 1, true)
  local start = open and answer:find("\n", open, true)
  local close = start and answer:find("```", start, true)
  return close and answer:sub(start + 1, close - 1)
end

---From the first such bracket to the last.
local function between(answer, left, right)
  local from = answer:find(left, 1, true)
  if not from then return nil end
  local to = #answer
  while to > from and answer:byte(to) ~= right:byte() do to = to - 1 end
  return to > from and answer:sub(from, to) or nil
end

---The JSON in a model's answer: the whole text, what stands between ``` and ```, or from the first brace to the last.
---@param answer string
---@return any node nil when there is none
function M.find(answer)
  for _, find in ipairs { function(s) return s end, fenced, function(s) return between(s, "{", "}") end,
    function(s) return between(s, "[", "]") end } do
    local part = find(answer)
    if part then
      local ok, node = pcall(sample.parse, (part:gsub("[\r\n]", " ")))
      if ok then return node end
    end
  end
end

return M
