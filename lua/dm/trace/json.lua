-- A record of a trace as one line of JSON, its keys always in the same order.
local sample_module = require "dm.sample"
local fault = require "dm.trace.fault"
local utf8 = require "dm.utf8"

local M = {}

local function json(v)
  if type(v) == "number" and (v ~= v or v == math.huge or v == -math.huge) then return "null" end
  return sample_module.json(type(v) == "string" and utf8.clean(v) or v)
end

---An object of pairs { key, JSON or nil }.
local function object(pairs_)
  local parts = {}
  for _, p in ipairs(pairs_) do
    if p[2] ~= nil then parts[#parts + 1] = json(p[1]) .. ":" .. p[2] end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function list(items, write)
  if not items then return nil end
  local parts = {}
  for i, item in ipairs(items) do parts[i] = write(item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function optional(v)
  if v == nil then return nil end
  return json(v)
end

local function change(c)
  return object { { "field", json(c.field) }, { "before", c.before }, { "after", c.after } }
end

local function bound(b)
  return object { { "name", json(b.name) }, { "value", json(b.value) } }
end

local function fault_json(f)
  if not f then return nil end
  local path, line = fault.place(f)
  return object { { "message", json(f.what) }, { "file", optional(path) }, { "line", optional(line) } }
end

local function name_of(ops, i)
  if not i then return nil end
  return i == 0 and "input" or ops[i].name
end

---The same for every step: operator, outcome, and what it did.
local function step(ops)
  return function(s)
    return object { { "op", json(ops[s.op].name) }, { "number", json(s.op) }, { "outcome", json(s.outcome) },
      { "changed", s.changed and #s.changed > 0 and list(s.changed, change) or nil }, { "made", optional(s.made) },
      { "value", optional(s.value) }, { "bounds", list(s.bounds, bound) }, { "reason", optional(s.reason) },
      { "error", fault_json(s.fault) } }
  end
end

---@param record dm.Record
---@param ops table[] of the client's info
---@return string without newline
function M.record(record, ops)
  return object { { "row", json(record.row) }, { "outcome", json(record.outcome) },
    { "op", optional(name_of(ops, record.op)) }, { "reason", optional(record.reason) }, { "input", record.input },
    { "input_text", optional(record.text) },
    { "output", record.output }, { "steps", list(record.steps, step(ops)) },
    { "children", list(record.children, function(child) return M.record(child, ops) end) } }
end

---An object of pairs { key, JSON or nil }, and any value, as JSON.
M.object, M.value = object, json

---An error: message, file, line.
M.fault = fault_json

return M
