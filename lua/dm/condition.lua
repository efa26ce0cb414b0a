-- Conditions on the fields of a sample, in the part of Python that Data-Juicer's general_field_filter knows: and,
-- or, chains of < <= > >= == !=, parentheses, names of fields, dots that look inside, constants.
local bigint = require "dm.sample.bigint"
local lexer = require "dm.condition.lexer"
local kinds = require "dm.kind"
local sample_module = require "dm.sample"

local M = {}

local SIGNS = { ["<"] = true, ["<="] = true, [">"] = true, [">="] = true, ["=="] = true, ["!="] = true }
local RESERVED = {}
for word in ("and or not in is if else lambda await async for while"):gmatch "%a+" do RESERVED[word] = true end

-- Values ---------------------------------------------------------------------------------------------

local function is_container(v)
  return type(v) == "table" or sample_module.is_node(v)
end

---Python's truth of a value.
---@param v any
---@return boolean
local function truth(v)
  if sample_module.is_node(v) and kinds.is_list(v) then return #v > 0 end -- nulls are elements, too
  if is_container(v) then
    local step, state, first = sample_module.each(v)
    return step(state, first) ~= nil
  end
  if bigint.is(v) then return true end
  return v ~= nil and v ~= false and v ~= 0 and v ~= ""
end

---Whether two scalars are equal. An integer beyond 2^53 equals no smaller number; others it can not be compared with.
local function equal_scalars(a, b)
  if type(a) == "number" then a, b = b, a end
  if type(a) == "cdata" and type(b) == "number" and math.abs(b) <= 2 ^ 53 then return false end
  return a == b
end

---Python's ==.
---@param a any
---@param b any
---@return boolean
local function equal(a, b)
  if type(a) == "boolean" then a = a and 1 or 0 end
  if type(b) == "boolean" then b = b and 1 or 0 end
  if is_container(a) ~= is_container(b) then return false end
  if not is_container(a) then return equal_scalars(a, b) end
  if kinds.is_list(a) ~= kinds.is_list(b) then return false end
  a, b = sample_module.totable(a), sample_module.totable(b)
  for k, v in pairs(a) do
    if not equal(v, b[k]) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

---Whether a value equals one of a list, in which dm.null stands for a value that is null or missing.
---@param list any[]
---@param v any
---@return boolean
local function is_one_of(list, v)
  for _, one in ipairs(list) do
    if rawequal(one, sample_module.null) then
      if v == nil then return true end
    elseif v ~= nil and equal(v, one) then
      return true
    end
  end
  return false
end

local function kind(v)
  if is_container(v) then return kinds.is_list(v) and "a list" or "an object" end
  return type(v) == "cdata" and "an integer beyond 2^53" or "a " .. type(v)
end

---What decides the order of two lists: the first elements that differ, else their lengths.
local function deciding(a, b)
  for i = 1, math.min(#a, #b) do
    if not equal(a[i], b[i]) then return a[i], b[i] end
  end
  return #a, #b
end

local function is_number(v) return type(v) == "number" or bigint.is(v) end

---Two values as Lua can put them in order. Python has no order between kinds, nor between objects.
local function ordered(a, b, sign)
  if type(a) == "boolean" then a = a and 1 or 0 end
  if type(b) == "boolean" then b = b and 1 or 0 end
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a, b end
  if is_number(a) and is_number(b) then return bigint.order(a, b), 0 end
  if kinds.is_list(a) and kinds.is_list(b) then
    a, b = deciding(a, b)
    return ordered(a, b, sign)
  end
  error(("%s has no meaning between %s and %s"):format(sign, kind(a), kind(b)), 0)
end

local COMPARE = {
  ["=="] = equal,
  ["!="] = function(a, b) return not equal(a, b) end,
}
COMPARE["<"] = function(a, b)
  a, b = ordered(a, b, "<")
  return a < b
end
COMPARE["<="] = function(a, b)
  a, b = ordered(a, b, "<=")
  return a <= b
end
COMPARE[">"] = function(a, b)
  a, b = ordered(a, b, ">")
  return a > b
end
COMPARE[">="] = function(a, b)
  a, b = ordered(a, b, ">=")
  return a >= b
end

-- Parsing: each function returns a function of the sample ---------------------------------------------

---@class dm.ConditionParser
---@field text string
---@field tokens dm.Token[]
---@field i integer the token at hand
local Parser = {}
Parser.__index = Parser

function Parser:token() return self.tokens[self.i] end

function Parser:take(text)
  local token = self:token()
  if token.kind == "constant" or token.text ~= text then return false end
  self.i = self.i + 1
  return true
end

function Parser:refuse(wanted)
  local token = self:token()
  if RESERVED[token.text] and token.kind == "name" then
    lexer.fail(self.text, token.at, ('"%s" is not supported here'):format(token.text))
  end
  lexer.fail(self.text, token.at, ("%s is wanted, not %s"):format(wanted, token.text))
end

---Strings in a row are one.
function Parser:constant()
  local value = self:token().value
  self.i = self.i + 1
  while type(value) == "string" and type(self:token().value) == "string" do
    value = value .. self:token().value
    self.i = self.i + 1
  end
  return function() return value end
end

function Parser:name()
  local token = self:token()
  if token.kind ~= "name" or RESERVED[token.text] then self:refuse "the name of a field" end
  self.i = self.i + 1
  return token.text
end

function Parser:atom()
  if self:token().kind == "constant" then return self:constant() end
  if self:take "(" then
    local inner = self:disjunction()
    if not self:take ")" then self:refuse '")"' end
    return inner
  end
  local name = self:name()
  return function(sample) return sample[name] end
end

local function is_whole(x) return x % 1 == 0 and math.abs(x) <= 2 ^ 53 end

---What Python's numbers have behind a dot; of a float numerator and denominator are missing.
local NUMBER_PARTS = {
  real = function(x) return x end,
  imag = function() return 0 end,
  numerator = function(x) return is_whole(x) and x or nil end,
  denominator = function(x) return is_whole(x) and 1 or nil end,
}

---What stands behind a dot in a value.
local function part_of(value, name)
  if is_container(value) then return value[name] end
  if type(value) == "boolean" then value = value and 1 or 0 end
  return type(value) == "number" and NUMBER_PARTS[name] and NUMBER_PARTS[name](value) or nil
end

function Parser:operand()
  local value = self:atom()
  while self:take "." do
    local object, name = value, self:name()
    value = function(sample) return part_of(object(sample), name) end
  end
  return value
end

---Whether left and right are there and compare so.
local function holds(compare, left, right)
  return left ~= nil and right ~= nil and compare(left, right)
end

---A chain holds when each of its comparisons does; one with a missing value does not. As in Python, all operands
---are looked at before the first comparison, so that an error in one counts whatever the others are.
local function chain(first, comparisons)
  local n, compare, operand = #comparisons, comparisons[1].compare, comparisons[1].operand
  if n == 1 then
    return function(sample) return holds(compare, first(sample), operand(sample)) end
  end
  return function(sample)
    local left, rights = first(sample), {}
    for i = 1, n do rights[i] = comparisons[i].operand(sample) end
    for i = 1, n do
      if not holds(comparisons[i].compare, left, rights[i]) then return false end
      left = rights[i]
    end
    return true
  end
end

function Parser:comparison()
  local first, comparisons = self:operand(), {}
  while self:token().kind == "sign" and SIGNS[self:token().text] do
    local compare = COMPARE[self:token().text]
    self.i = self.i + 1
    comparisons[#comparisons + 1] = { compare = compare, operand = self:operand() }
  end
  if #comparisons == 0 then return first end
  return chain(first, comparisons)
end

---Parts with a word between them; `stop` is the truth of a part that decides.
local function joined(parse, word, stop)
  return function(self)
    local parts = { parse(self) }
    while self:take(word) do parts[#parts + 1] = parse(self) end
    if #parts == 1 then return parts[1] end
    return function(sample)
      for _, part in ipairs(parts) do
        if truth(part(sample)) == stop then return stop end
      end
      return not stop
    end
  end
end

Parser.conjunction = joined(Parser.comparison, "and", false)
Parser.disjunction = joined(Parser.conjunction, "or", true)

---Compiles a condition. Raises a message with the column of what is wrong.
---@param text string
---@return fun(sample: table|ffi.cdata*): any value usually a boolean; a name alone has its field's value
function M.compile(text)
  local parser = setmetatable({ text = text, tokens = lexer.tokens(text), i = 1 }, Parser)
  local condition = parser:disjunction()
  if parser:token().kind ~= "end" then parser:refuse "and, or, a comparison or the end" end
  return condition
end

M.truth = truth
M.is_one_of = is_one_of

return M
