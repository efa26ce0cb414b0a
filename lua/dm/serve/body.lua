-- Bodies of requests, checked as FastAPI and pydantic check those of DataMate's service: what is wrong is said in the
-- same words.
local ffi = require "ffi"
local json = require "dm.python.json"
local text = require "dm.text"

local C = ffi.C

local M = {}

---Digits of the longest whole number in a string.
local MOST_DIGITS = 4300

---What is wrong with a body: the answer to give instead.
---@class dm.BodyFault
---@field status integer
---@field detail any

---@return dm.BodyFault
local function fault(list)
  return { status = 422, detail = list }
end

---One entry of a list of faults. The name is that of pydantic's kind of fault.
local function entry(kind, loc, message, input, context)
  local pairs_of = { { "type", kind }, { "loc", loc }, { "msg", message }, { "input", input } }
  if context then pairs_of[5] = { "ctx", { { "error", context } } } end
  return pairs_of
end

local function number(n)
  return json.number(tostring(n))
end

local NOT_AN_OBJECT = "Input should be a valid dictionary or object to extract fields from"

---@type dm.BodyFault
local UNREADABLE = { status = 400, detail = "There was an error parsing the body" }

local function is_json(content_type)
  local kind = (content_type or ""):lower():match "^%s*([^;%s]*)"
  return kind == "application/json" or kind:find "^application/.*%+json$" ~= nil
end

---The body of a request as a value.
---@param request dm.HttpRequest
---@return any value nil: there is none
---@return dm.BodyFault?
local function read(request)
  if request.body == "" then return nil end
  if tonumber(C.dm_utf8_check(request.body, #request.body)) < #request.body then
    return nil, UNREADABLE
  end
  if not is_json(request.content_type) then return request.body end
  local value, message, at = json.decode((request.body:gsub("^\239\187\191", "")))
  if value ~= nil then return value end
  if message == json.TOO_DEEP or message == json.TOO_LONG then return nil, UNREADABLE end
  return nil, fault(json.list(entry("json_invalid", json.list("body", number(at)), "JSON decode error", {}, message)))
end

---The body as an object.
---@param request dm.HttpRequest
---@return dm.JsonObject? nil: there is none
---@return dm.BodyFault?
local function object(request)
  local value, wrong = read(request)
  if value == nil then return nil, wrong end
  if json.kind(value) ~= "object" then
    return nil, fault(json.list(entry("model_attributes_type", json.list "body", NOT_AN_OBJECT, value)))
  end
  return value
end

-- What pydantic says of integers.
local INTEGER = "Input should be a valid integer"
local TOO_BIG = "Unable to parse input string as an integer, exceeded maximum size"

---The digits of a text that pydantic takes for a whole number, without underscores, and with its sign.
---@return string?
local function digits_of(s)
  if s:find "[\28-\31]" then return nil end -- white space for str.strip alone
  local sign, digits, rest = text.strip(s):match "^([+-]?)(%d[%d_]*)(.*)$"
  if not digits or digits:find "__" or digits:find "_$" or not (rest == "" or rest:find "^%.0+$") then return nil end
  return sign .. digits:gsub("_", ""):gsub("^0+(.)", "%1")
end

---A whole number, from what pydantic takes for one.
---@return number?
---@return any fault
local function whole(value, loc)
  local kind = json.kind(value)
  if kind == "boolean" then return value and 1 or 0 end
  if kind == "number" then
    local n = tonumber(value.text)
    if value.integer or n % 1 == 0 and math.abs(n) < 2 ^ 63 then return n end
    if n % 1 == 0 then return nil, entry("int_parsing_size", loc, TOO_BIG, value) end
    return nil, entry("int_from_float", loc, INTEGER .. ", got a number with a fractional part", value)
  end
  if kind == "string" then
    local digits = digits_of(value)
    if not digits then
      return nil, entry("int_parsing", loc, INTEGER .. ", unable to parse string as an integer", value)
    end
    if #digits:gsub("[+-]", "") > MOST_DIGITS then return nil, entry("int_parsing_size", loc, TOO_BIG, value) end
    return tonumber(digits)
  end
  return nil, entry("int_type", loc, INTEGER, value)
end

---The body of a submission.
---@param request dm.HttpRequest
---@return number? retry_count
---@return dm.BodyFault?
function M.submit(request)
  local value, wrong = object(request)
  if wrong then return nil, wrong end
  local given = value and value.values.retry_count
  if given == nil then return 0 end
  local n, bad = whole(given, json.list("body", "retry_count"))
  if not n then return nil, fault(json.list(bad)) end
  return n
end

---The body of a list: the ids of tasks.
---@param request dm.HttpRequest
---@return string[]? ids
---@return dm.BodyFault?
function M.list(request)
  local value, wrong = object(request)
  if wrong then return nil, wrong end
  if not value then return nil, fault(json.list(entry("missing", json.list "body", "Field required", json.NULL))) end
  local ids, loc = value.values.task_ids, json.list("body", "task_ids")
  if ids == nil then return nil, fault(json.list(entry("missing", loc, "Field required", value))) end
  if json.kind(ids) ~= "list" then
    return nil, fault(json.list(entry("list_type", loc, "Input should be a valid list", ids)))
  end
  local faults = {}
  for i = 1, ids.n do
    if type(ids[i]) ~= "string" then
      faults[#faults + 1] = entry("string_type", json.list("body", "task_ids", number(i - 1)),
        "Input should be a valid string", ids[i])
    end
  end
  if faults[1] then return nil, fault(json.list(unpack(faults))) end
  return ids
end

return M
