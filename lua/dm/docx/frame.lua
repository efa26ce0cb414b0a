-- Tables of HTML as pandas reads them and str() writes their values: rows of headings are left out, numbers are written
-- anew, and cells that are 0, False or NA become empty.
local grids = require "dm.docx.grid"
local python_repr = require "dm.python.repr"
local text = require "dm.text"

local M = {}

-- Values ---------------------------------------------------------------------------------------------

local MISSING = {}
for word in ("#N/A #N/A_N/A #NA -1.#IND -1.#QNAN -NaN -nan 1.#IND 1.#QNAN <NA> N/A NA NULL NaN None n/a nan null")
  :gmatch "%S+" do
  MISSING[word:gsub("_", " ")] = true
end
MISSING[""] = true

local TRUTH = { True = "True", TRUE = "True", ["true"] = "True", False = "", FALSE = "", ["false"] = "" }

---Without commas between digits, where it is a number.
local function without_thousands(s)
  local whole = s:match "^[-+]?([%d,]*)%.?%d*[eE]?%-?%d*$"
  if not whole or whole:find "^," or whole:find(",,", 1, true) then return s end
  return (s:gsub(",", ""))
end

---A float as pandas leaves it to Python to write; nothing for what counts as none.
local function float_text(x)
  return (x == 0 or x ~= x) and "" or python_repr(x)
end

---An integer without leading zeros and plus sign; nothing for 0.
local function integer_text(s)
  local sign, digits = s:match "^([-+]?)0*(%d*)$"
  return digits == "" and "" or (sign == "-" and "-" or "") .. digits
end

---Whether an integer is greater than a number of so many digits, or its size is when it is below zero.
local function is_beyond(s, most, least)
  local sign, digits = s:match "^([-+]?)0*(%d+)$"
  if not digits then return false end
  if sign == "-" then most = least end
  return #digits > #most or #digits == #most and digits > most
end

---Whether an integer does not fit into 64 bits with a sign; and whether not into 64 bits at all.
local function is_large(s) return is_beyond(s, "9223372036854775807", "9223372036854775808") end
local function is_too_large(s) return is_beyond(s, "18446744073709551615", "9223372036854775808") end

local ENDLESS = { inf = math.huge, infinity = math.huge, ["+inf"] = math.huge, ["+infinity"] = math.huge,
  ["-inf"] = -math.huge, ["-infinity"] = -math.huge }

local MOST_DIGITS = 17

---Sums up digits as pandas does, whose last place differs from the nearest number's when there are many.
---@return number
---@return integer digits that were taken
local function add_digits(number, taken, digits)
  local most = math.min(#digits, MOST_DIGITS - taken)
  for i = 1, most do number = number * 10 + tonumber(digits:sub(i, i)) end
  return number, most
end

---The number that pandas reads there; nil when there is none, or one that is too large.
---@param v string
---@return number?
local function number_of(v)
  if ENDLESS[v:lower()] then return ENDLESS[v:lower()] end
  local sign, whole, part, power = v:match "^([-+]?)(%d*)%.?(%d*)(.*)$"
  local exponent = power == "" and 0 or tonumber(power:match "^[eE]([-+]?%d+)$")
  if not exponent or whole .. part == "" then return nil end
  local number, taken = add_digits(0, 0, whole)
  exponent = exponent + #whole - taken
  number, taken = add_digits(number, taken, part)
  exponent = exponent - taken
  if exponent > 308 then
    if number > 0 then return nil end
  elseif exponent < -308 then
    number = number / tonumber("1e" .. math.min(-308 - exponent, 308)) / 1e308
  elseif exponent < 0 then
    number = number / tonumber("1e" .. -exponent)
  else
    number = number * tonumber("1e" .. exponent)
  end
  if number == math.huge then return nil end
  return sign == "-" and -number or number
end

---Whether all values that are there have a property; false when none is there.
local function all(values, has)
  local any = false
  for _, v in ipairs(values) do
    if not MISSING[v] then
      if not has(v) then return false end
      any = true
    end
  end
  return any
end

---Writes a column's values as str() of what pandas makes of them, in place.
local function convert(values)
  local missing, negative, large, too_large, write = false, false, false, false, function(v) return v end
  for _, v in ipairs(values) do
    missing = missing or MISSING[v] ~= nil
    negative = negative or v:find "^%-0*[1-9]%d*$" ~= nil
    large = large or is_large(v)
    too_large = too_large or is_too_large(v)
  end
  if all(values, function(v) return TRUTH[v] end) then
    write = function(v) return TRUTH[v] end
  elseif large and not too_large and (missing or negative) and all(values, number_of) then
    return -- too much for pandas, which leaves it all as it is
  elseif not too_large and not missing and all(values, function(v) return v:find "^[-+]?%d+$" end) then
    write = integer_text
  elseif not too_large and all(values, number_of) then
    write = function(v) return float_text(number_of(v)) end
  end
  for i, v in ipairs(values) do values[i] = MISSING[v] and "" or write(v) end
end

local SPACES = text.regex [[[\r\n]+|\s{2,}]]

---The text of a cell with its white space put in order.
local function tidy(s)
  return SPACES:replace(text.strip(s), " ")
end

-- Rows -----------------------------------------------------------------------------------------------

---The texts of a row's cells, with those that reach into it from rows above.
---@param row dm.HtmlCell[]
---@param remainder { at: integer, text: string, rows: integer }[]
---@param most integer places that it may have
---@return string[] texts
---@return { at: integer, text: string, rows: integer }[] remainder
local function expand_row(row, remainder, most)
  local texts, following, taken = {}, {}, 0
  local function add(value, rows)
    if #texts >= most then error(grids.TOO_LARGE, 0) end
    if rows > 1 then table.insert(following, { at = #texts, text = value, rows = rows - 1 }) end
    texts[#texts + 1] = value
  end
  local function add_above(every)
    while remainder[taken + 1] and (every or remainder[taken + 1].at <= #texts) do
      taken = taken + 1
      add(remainder[taken].text, remainder[taken].rows)
    end
  end
  for _, cell in ipairs(row) do
    add_above(false)
    local value = tidy(cell.text)
    for _ = 1, cell.columns or 1 do add(value, cell.rows or 1) end
  end
  add_above(true)
  return texts, following
end

---The texts of rows, in which cells stand in all places that they span.
local function expand(rows, most)
  local list, remainder, places = {}, {}, 0
  local i = 0
  while i < #rows or #remainder > 0 do
    i = i + 1
    list[i], remainder = expand_row(rows[i] or {}, remainder, most - places)
    places = places + #list[i]
  end
  return list
end

---Moves rows that have nothing but headings from the start of a table's body to its head, when it has no head.
local function move_headings(head, body)
  if #head > 0 then return end
  local function all_headings(row)
    for _, cell in ipairs(row) do
      if not cell.head then return false end
    end
    return true
  end
  while body[1] and all_headings(body[1]) do table.insert(head, table.remove(body, 1)) end
end

---How many of the first rows are headings: of several, those up to the last that has a text.
local function heading_count(head)
  if #head < 2 then return #head end
  for i = #head, 1, -1 do
    if table.concat(head[i]) ~= "" then return i end
  end
  error("no heading has a text", 0)
end

---All rows, as wide as the widest, without the blank ones of a single column.
local function align(head, body, foot)
  local list, width = {}, 0
  for _, part in ipairs { head, body, foot } do
    for _, row in ipairs(part) do
      list[#list + 1] = row
      width = math.max(width, #row)
    end
  end
  local kept = {}
  for _, row in ipairs(list) do
    for x = #row + 1, width do row[x] = "" end
    if width > 1 or text.strip(row[1] or "") ~= "" then kept[#kept + 1] = row end
  end
  return kept, width
end

---@param sections { head: dm.HtmlCell[][], body: dm.HtmlCell[][], foot: dm.HtmlCell[][] }
---@param most integer places that a table may have
---@return string[][]? rows nil when the table is empty
---@return integer columns
function M.read(sections, most)
  move_headings(sections.head, sections.body)
  local head = expand(sections.head, most)
  local rows, width = align(head, expand(sections.body, most), expand(sections.foot, most))
  if #rows == 0 or width == 0 then return nil, 0 end
  if #rows * width > most then error(grids.TOO_LARGE, 0) end
  local list, headings = {}, heading_count(head)
  if headings > #rows then error("there are fewer rows than headings", 0) end
  for i = headings + 1, #rows do
    for x = 1, width do rows[i][x] = without_thousands(rows[i][x]) end
    list[#list + 1] = rows[i]
  end
  for x = 1, width do
    local values = {}
    for y, row in ipairs(list) do values[y] = row[x] end
    convert(values)
    for y, row in ipairs(list) do row[x] = values[y] end
  end
  return list, width
end

return M
